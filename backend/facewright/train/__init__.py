"""Recipes: how every learned part that ships was made."""

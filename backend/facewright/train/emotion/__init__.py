"""Training the projection from a sentence's embedding to an emotion code.

``data``     sentences made of the lexicon's words and of written phrases, with their codes
``recipe``   training, and how well words never seen are told
"""

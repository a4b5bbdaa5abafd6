"""Sentences to be spoken, in many languages: real words in random order.

Faker (MIT) brings word lists of two dozen languages. The order of words does not matter
to a mouth; which sounds follow which does, and words bring that.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

#: espeak-ng voice -> Faker locale whose word list it reads.
LOCALES: dict[str, str] = {
    "en-us": "en_US", "en": "en_US", "en-gb-scotland": "en_US", "fr": "fr_FR", "de": "de_DE",
    "es": "es_ES", "es-419": "es_MX", "it": "it_IT", "pt": "it_IT", "pt-br": "es_ES",
    "ru": "ru_RU", "uk": "uk_UA", "pl": "pl_PL", "cs": "cs_CZ", "da": "da_DK", "nl": "nl_NL",
    "el": "el_GR", "hy": "hy_AM", "fa": "fa_IR", "ar": "ar_AA", "az": "az_AZ", "bn": "bn_BD",
    "vi": "vi_VN", "cmn": "zh_CN", "mk": "mk_MK", "la": "la", "tr": "az_AZ", "ro": "it_IT",
    "sv": "da_DK",
}  # fmt: skip


def sentences(language: str, seed: int) -> Iterator[str]:
    """Endless sentences of 3 to 14 words for an espeak-ng voice of :data:`LOCALES`."""
    from faker import Faker

    fake = Faker(LOCALES[language])
    fake.seed_instance(seed)
    rng = random.Random(seed)
    while True:
        text = fake.sentence(rng.randint(3, 14), variable_nb_words=False)
        # A comma now and then: pauses within sentences teach rest and re-onset.
        words = text.split(" ")
        if len(words) > 6 and rng.random() < 0.4:
            words[len(words) // 2] += ","
        yield " ".join(words)

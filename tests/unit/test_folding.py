"""One spelling for the scripts of the exchange's languages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.folding import folded, occur

_PAIRS = (
    ("Oʻzbekiston", "Ўзбекистон"), ("O‘zbekiston", "O'zbekiston"), ("O’zbekiston", "Oʼzbekiston"), ("O`zbekiston", "Özbekiston"),
    ("Ózbekiston", "ЎЗБЕКИСТОН"), ("Fargʻona", "Фарғона"), ("Farg'ona", "Farğona"), ("Farg`ona", "Farǵona"),
    ("Toshkent", "Тошкент"), ("Toşkent", "Toshkent"), ("Qashqadaryo", "Қашқадарё"), ("Qaşqadaryo", "Қашқадарё"),
    ("Surxondaryo", "Сурхондарё"), ("Buxoro", "Бухоро"), ("Xorazm", "Хоразм"), ("Jizzax", "Жиззах"), ("Sirdaryo", "Сирдарё"),
    ("Samarqand", "Самарқанд"), ("Andijon", "Андижон"), ("Navoiy", "Навоий"), ("Namangan", "Наманган"), ("Chirchiq", "Чирчиқ"),
    ("Çirçiq", "Чирчиқ"), ("hokimlik", "ҳокимлик"), ("mahalla", "маҳалла"), ("fuqarolar", "фуқаролар"), ("yigʻini", "йиғини"),
    ("vazirlik", "вазирлик"), ("vazirligi", "вазирлиги"), ("qaror", "қарор"), ("buyruq", "буйруқ"), ("farmoyish", "фармойиш"),
    ("hisobot", "ҳисобот"), ("maʼlumot", "маълумот"), ("ma'lumot", "маълумот"), ("toʻgʻrisida", "тўғрисида"),
    ("to'g'risida", "toʻgʻrisida"), ("tóǵrisida", "tögrisida"), ("yil", "йил"), ("yer", "ер"), ("yangi", "янги"), ("yuz", "юз"),
    ("ijro", "ижро"), ("murojaat", "мурожаат"), ("ishchi", "ишчи"), ("işçi", "ишчи"), ("chora", "чора"), ("aksiya", "акция"),
    ("konstitutsiya", "конституция"), ("tadbir", "тадбир"), ("reja", "режа"), ("taʼlim", "таълим"), ("soliq", "солиқ"),
    ("Монгол Улс", "МОНГОЛ УЛС"), ("өдөр", "єдєр"), ("өдөр", "одор"), ("өдөр", "oдoр"), ("үүрэг", "їїрэг"), ("үүрэг", "vvрэг"),
    ("үүрэг", "yyрэг"), ("үйлчилгээ", "vйлчилгээ"), ("төлөвлөгөө", "тєлєвлєгєє"), ("төлөвлөгөө", "толовлогоо"), ("төв", "тoв"),
    ("түүх", "тvvх"), ("Өмнөговь", "Омноговь"), ("Дүүрэг", "Дvvрэг"), ("нүүдэл", "нууdэл"), ("hújjat", "hujjat"),
    ("Café", "CAFE"),
)  # fmt: skip


@pytest.mark.parametrize(("one", "other"), _PAIRS)
def test_two_spellings_of_a_word_are_one(one: str, other: str) -> None:
    assert folded(one) == folded(other)
    assert occur(folded(one).split(), folded(other))


@pytest.mark.parametrize(("one", "other"), [("qaror", "karor"), ("vazir", "uazir"), ("yil", "uil"), ("ish", "is")])
def test_different_words_stay_different(one: str, other: str) -> None:
    assert folded(one) != folded(other)


def test_every_word_must_occur_but_not_in_one_text() -> None:
    assert occur(folded("reja ҳоким").split(), folded("Иш режаси Toshkent hokimligi"))
    assert not occur(folded("reja Buxoro").split(), folded("Иш режаси Toshkent hokimligi"))


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("oʻgʻʼ'`şçöóğǵўқғҳөүєїvyteсцЕ "))))
def test_folding_again_changes_nothing_and_a_text_finds_itself(text: str) -> None:
    assert folded(folded(text)) == folded(text)
    assert occur(folded(text).split(), folded(text))

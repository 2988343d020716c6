"""One spelling for the scripts of the exchange's languages."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.folding import occurs, said, sought

_REAL: Final = Path(__file__).parents[2] / "cli" / "demo_data"

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
    ("ijro", "ижро"), ("murojaat", "мурожаат"), ("ishchi", "ишчи"), ("işçi", "ишчи"), ("chora", "чора"),
    ("konstitutsiya", "конституция"), ("tadbir", "тадбир"), ("reja", "режа"), ("taʼlim", "таълим"), ("soliq", "солиқ"),
    ("Монгол Улс", "МОНГОЛ УЛС"), ("өдөр", "єдєр"), ("өдөр", "одор"), ("өдөр", "oдoр"), ("үүрэг", "їїрэг"), ("үүрэг", "vvрэг"),
    ("үүрэг", "yyрэг"), ("үйлчилгээ", "vйлчилгээ"), ("төлөвлөгөө", "тєлєвлєгєє"), ("төлөвлөгөө", "толовлогоо"), ("төв", "тoв"),
    ("түүх", "тvvх"), ("Өмнөговь", "Омноговь"), ("Дүүрэг", "Дvvрэг"), ("нүүдэл", "нууdэл"), ("hújjat", "hujjat"),
    ("Café", "CAFE"),
    # The letters on the demo's ledger, with each apostrophe that keyboards and programs put there.
    ("to’g’risida", "to‘g‘risida"), ("to’g’risida", "toʻgʻrisida"), ("to’g’risida", "toʼgʼrisida"),
    ("to’g’risida", "to`g`risida"), ("to’g’risida", "to´g´risida"), ("to’g’risida", "togrisida"), ("TO’G’RISIDA", "ТЎҒРИСИДА"),
    ("yig’inida", "йиғинида"),
    ("o’tkazish", "ўтказиш"), ("almashinuvi", "алмашинуви"), ("ma’lumotlar", "маълумотлар"), ("Yagona", "Ягона"),
    ("bazasining", "базасининг"), ("ochiqligi", "очиқлиги"), ("Ijtimoiy", "Ижтимоий"), ("ko’makka", "кўмакка"),
    ("aholi", "аҳоли"),
    ("haqida", "ҳақида"), ("muhtoj", "муҳтож"), ("Kompyuter", "Компьютер"), ("qurilmalarini", "қурилмаларини"),
    ("xatga", "хатга"),
    ("javob", "жавоб"), ("yo’nalishlar", "йўналишлар"), ("ehtiyoji", "эҳтиёжи"), ("Yaponiya", "Япония"),
    ("mexanizmini", "механизмини"),
    ("vazifa", "вазифа"), ("axborot", "ахборот"), ("oila", "оила"), ("elektron", "электрон"), ("server", "сервер"),
    ("yer", "ЕР"), ("poyezd", "поезд"), ("iyul", "июль"), ("oʻzbek", "o´zbek"), ("so‘m", "сўм"), ("Yoshlar", "Ёшлар"),
    # Mongolian as it is printed, as it is typed without its letters, and with letters that only look like them.
    ("төлөвлөгөө", "тѳлѳвлѳгѳѳ"), ("төлөвлөгөө", "тɵлɵвлɵгɵɵ"), ("хүргүүлэх", "хvргvvлэх"), ("хүргүүлэх", "хургуулэх"),
    ("хүргүүлэх", "хїргїїлэх"), ("хэмжээний", "хэмжээнии"), ("үйлчилгээ", "уилчилгээ"), ("ХҮРГҮҮЛЭХ", "хүргүүлэх"),
    ("Засгийн", "Засгиин"), ("байгууллага", "баигууллага"), ("үүрэг", "YYРЭГ"), ("өдрийн", "єдрийн"), ("харилцаа", "xapилцaa"),
    ("цахим", "цaxим"), ("тайлан", "тaйлaн"), ("ТАЙЛАН", "TAЙЛAH"), ("Сум", "Cум"), ("ВЭБ", "BЭБ"), ("яам", "яaм"), ("үр", "vр"),
    # One letter of the other script in a word, as it comes from a wrong keyboard.
    ("Vazirlik", "Vаzirlik"), ("Hokimlik", "Нokimlik"), ("Samarqand", "Sаmаrqаnd"), ("Самарқанд", "Cамарқанд"),
    ("Namangan", "Hаманган"), ("Buxoro", "Вuхоrо"), ("Пахта", "Пaxтa"), ("hujjat", "һujjat"),
    # What nobody sees: soft hyphens, joiners, marks of direction, dashes of another width.
    ("ҳисобот", "ҳисо\u00adбот"), ("тайлан", "тай\u200bлан"), ("\ufeffreja", "reja"), ("to\u200dʻgʻri", "toʻgʻri"),
    ("Баян-Өлгий", "Баян\u2011Өлгий"), ("2019–2020", "2019-2020"), ("№", "No"), ("Ⅳ", "IV"), ("\u200fхат", "хат"),
    ("Тамгын\u00a0газар", "Тамгын газар"), ("100\u202fta", "100 ta"),
)  # fmt: skip


_FOUND: Final = (
    # A part of a word, as it is typed before it is whole.
    ("Elektr", "электрон"), ("fuqaro", "фуқаролар йиғини"), ("тўғр", "to’g’risida"), ("to'g'r", "тўғрисида"),
    ("ҳисоб", "hisobotlar"),
    ("төлөв", "толовлогоо"), ("толов", "ТӨЛӨВЛӨГӨӨГ"), ("vйлч", "үйлчилгээний"), ("хургуул", "хүргүүлэх тухай"), ("саҳ", "sahna"),
    ("hujjat", "ҳужжатсиз"), ("ҳужжат", "hujjatsiz"), ("konstitut", "конституция"), ("ташкилот", "tashkilotsiz"),
    # What is written in two ways.
    ("отчет", "ОТЧЁТ"), ("отчёт", "отчет"), ("хоер", "хоёр"), ("хоёр", "хоер"), ("соёл", "соелын"), ("ёсны", "албан есны"),
    ("есны", "албан ёсны"), ("объем", "объём работ"),
    ("aksiya", "акция"), ("акция", "aksiya"), ("konstitusiya", "конституция"), ("тахсилот", "taxsilot"), ("sement", "цемент"),
    # Part of a hyphenated word, and several words in any order, over no-break spaces.
    ("Өлгий", "Баян-Өлгий аймгийн"), ("хүрээнд", "жил”-ийн хvрээнд"), ("газар Тамгын", "Засаг даргын\u00a0Тамгын\u00a0газар"),
    ("PDF", "PDF-файл"), ("IV улирал", "IV-р улирал"), ("sms", "SMSлар"), ("wifi", "100 ta noutbuk va Wi\u00adFi"),
)  # fmt: skip
_NOT_FOUND: Final = (
    ("qaror", "карор"), ("қарор", "karor"), ("hor", "хор"), ("hat", "хат"), ("хат", "ҳат"), ("xona", "ҳона"), ("yosh", "besh"),
    ("ёш", "беш"), ("yo’l", "el"), ("ёз", "без"), ("vazir", "уазир"), ("вазир", "үазир"), ("ish", "is"), ("шаҳар", "saҳar"),
    ("chora", "сора"), ("чора", "cora"), ("sh", "s"), ("ц", "т"), ("tsement", "tement"), ("өдөр", "үдэр"), ("төр", "түр"),
    ("үр", "эр"), ("хүн", "хэн"), ("тэр", "төр"), ("нэг", "нөг"), ("g’oz", "qoz"), ("ғоз", "қоз"), ("yil", "uil"), ("жил", "yil"),
    ("ju", "yu"), ("hujjatlar", "hujjasiz"), ("отчёт", "отчт"), ("отчет", "отчот"), ("хоёр", "хоор"),
    ("reja Buxoro", "reja Xiva"), ("Баян-Өлгий", "Баян Улгий"), ("100", "10 0"), ("01-07", "01-08"), ("vv", "ww"),
    ("cap", "sar"), ("p", "r"), ("pdf", "рdф"),
    ("bank", "vank"), ("вилоят", "биллоят"), ("Намангaн", "Намангин"), ("tuman", "tumen"), ("аймаг", "аймгийн"),
)  # fmt: skip
_CYRILLIC_OF: Final = {
    "oʻ": "ў", "gʻ": "ғ", "sh": "ш", "ch": "ч", "ye": "е", "yo": "ё", "yu": "ю", "ya": "я", "ts": "ц", "ʼ": "ъ",
    **dict(zip("abdefghijklmnopqrstuvxyz", "абдефгҳижклмнопқрстувхйз", strict=True)),
}  # fmt: skip
_LOOK_ALIKE: Final = {
    **dict(zip("аеорсху", "aeopcxy", strict=True)), **dict(zip("АВЕКМНОРСТХ", "ABEKMHOPCTX", strict=True))
}  # fmt: skip
_TYPED: Final = {"ө": "оѳє", "ү": "уvї", "Ө": "ОЄ", "Ү": "УVYЇ", "й": "и", "ё": "е"}


def _folded(text: str) -> str:
    return " ".join(strict for word in text.split() for strict, _ in sought(word))


def _is_found(words: str, text: str) -> bool:
    found = said(text)
    return all(occurs(word, found) for word in sought(words))


def _subjects(language: str) -> list[str]:
    letters = (json.loads(path.read_text("utf-8")) for path in sorted(_REAL.glob("L*.json")))
    return [letter["subject"] for letter in letters if letter["language"].startswith(language)]


_UZBEK: Final = _subjects("uz")
_MONGOLIAN: Final = [
    *_subjects("mn"),
    *(row["text"] for row in json.loads((_REAL / "plan2019.json").read_text("utf-8"))["rows"]),
]


def _in_cyrillic(text: str) -> str:
    """Return Uzbek in Latin letters as it is written in Cyrillic ones."""
    plain = re.sub("(?<=[og])[’']", "ʻ", text.lower())
    plain = re.sub("[’']", "ʼ", plain).replace("yoʻ", "йў")
    plain = re.sub(r"\be", "э", plain)
    return re.sub("|".join(_CYRILLIC_OF), lambda found: _CYRILLIC_OF[found.group()], plain)


@pytest.mark.parametrize(("one", "other"), _PAIRS)
def test_two_spellings_of_a_word_are_one(one: str, other: str) -> None:
    assert _folded(one) == _folded(other)
    assert _is_found(one, other)
    assert _is_found(other, one)


@pytest.mark.parametrize(("words", "text"), _FOUND)
def test_a_part_of_a_text_is_found_in_any_spelling(words: str, text: str) -> None:
    assert _is_found(words, text)


@pytest.mark.parametrize(("words", "text"), _NOT_FOUND)
def test_different_words_stay_different(words: str, text: str) -> None:
    assert not _is_found(words, text)


def test_every_word_must_occur_but_not_in_one_text() -> None:
    assert _is_found("reja ҳоким", "Иш режаси Toshkent hokimligi")
    assert not _is_found("reja Buxoro", "Иш режаси Toshkent hokimligi")


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("oʻgʻʼ'`´şçöóğǵўқғҳөѳүєїvyteсцЕё\u00ad "))))
def test_folding_again_changes_nothing_and_a_text_finds_itself(text: str) -> None:
    assert _folded(_folded(text)) == _folded(text)
    assert _is_found(text, text)
    assert _is_found(_folded(text), text)


@pytest.mark.parametrize("subject", _UZBEK)
def test_a_real_subject_is_found_in_the_other_script(subject: str) -> None:
    cyrillic = _in_cyrillic(subject)
    assert re.search("[a-v]", cyrillic) is None
    assert _is_found(cyrillic, subject)
    assert _is_found(subject, cyrillic.upper())


@given(st.data())
def test_a_real_text_is_found_however_it_was_typed(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(_MONGOLIAN))
    ways: dict[str, str] = {letter: data.draw(st.sampled_from(letter + others)) for letter, others in _TYPED.items()}
    typed = "".join(ways.get(letter, letter) for letter in text)
    assert _is_found(typed, text)
    assert _is_found(text, typed)


@given(st.data())
def test_a_real_text_is_found_with_letters_that_only_look_right(data: st.DataObject) -> None:
    wrong = data.draw(st.sets(st.sampled_from(sorted(_LOOK_ALIKE))))
    for text, alike, only in (
        (data.draw(st.sampled_from(_MONGOLIAN)), _LOOK_ALIKE, "[бгджзийлпфцчшщъыэюяөү]"),
        (data.draw(st.sampled_from(_UZBEK)), {latin: cyrillic for cyrillic, latin in _LOOK_ALIKE.items()}, "[dfgjlnqrsuwz]"),
    ):
        typed = [
            "".join(alike.get(one, one) if one in wrong or alike.get(one) in wrong else one for one in word)
            for word in re.split(r"(\W+)", text)
            if re.search(only, word.lower())
        ]
        for word in typed:
            assert _is_found(word, text), word

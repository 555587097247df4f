"""In which language a written reply is wanted: the line of the system prompt that says so. Pure."""

from __future__ import annotations

from orchestrator.errors import BadSetting
from orchestrator.languages import AUTO, LANGUAGES

_NAMES = """
af Afrikaans,am Amharic,ar Arabic,as Assamese,az Azerbaijani,ba Bashkir,be Belarusian,bg Bulgarian,bn Bengali,
bo Tibetan,br Breton,bs Bosnian,ca Catalan,cs Czech,cy Welsh,da Danish,de German,el Greek,en English,es Spanish,
et Estonian,eu Basque,fa Persian,fi Finnish,fo Faroese,fr French,gl Galician,gu Gujarati,ha Hausa,haw Hawaiian,
he Hebrew,hi Hindi,hr Croatian,ht Haitian Creole,hu Hungarian,hy Armenian,id Indonesian,is Icelandic,it Italian,
ja Japanese,jw Javanese,ka Georgian,kk Kazakh,km Khmer,kn Kannada,ko Korean,la Latin,lb Luxembourgish,
ln Lingala,lo Lao,lt Lithuanian,lv Latvian,mg Malagasy,mi Maori,mk Macedonian,ml Malayalam,mn Mongolian,
mr Marathi,ms Malay,mt Maltese,my Burmese,ne Nepali,nl Dutch,nn Norwegian Nynorsk,no Norwegian,oc Occitan,
pa Punjabi,pl Polish,ps Pashto,pt Portuguese,ro Romanian,ru Russian,sa Sanskrit,sd Sindhi,si Sinhala,sk Slovak,
sl Slovenian,sn Shona,so Somali,sq Albanian,sr Serbian,su Sundanese,sv Swedish,sw Swahili,ta Tamil,te Telugu,
tg Tajik,th Thai,tk Turkmen,tl Tagalog,tr Turkish,tt Tatar,uk Ukrainian,ur Urdu,uz Uzbek,vi Vietnamese,
yi Yiddish,yo Yoruba,yue Cantonese,zh Chinese
"""
NAMES = dict(entry.split(" ", 1) for entry in _NAMES.replace("\n", "").split(","))


def instruction(language: str | None) -> str:
    """The line that asks for replies in `language` (a code of `languages.py`); empty for None and `auto`.

    Raises:
        BadSetting: no such language.
    """
    if language is None or language == AUTO:
        return ""
    if language not in LANGUAGES:
        known = "use `auto` or a code such as en, ar, de"
        raise BadSetting(f"{language!r} is not a language that replies can have; {known}", field="language")
    return f"Answer in {NAMES[language]}, whatever language you are addressed in."

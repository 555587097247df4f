"""Which voice of Microsoft Edge speaks a language when the caller names none. Only data.

Source: the service's public list of voices, one neural voice per language (`edge-tts --list-voices`).
"""

from __future__ import annotations

DEFAULT_LANGUAGE = "en"

VOICE_OF_LANGUAGE = {
    "ar": "ar-SA-ZariyahNeural",
    "ar-ae": "ar-AE-FatimaNeural",
    "ar-eg": "ar-EG-SalmaNeural",
    "bg": "bg-BG-KalinaNeural",
    "bn": "bn-BD-NabanitaNeural",
    "ca": "ca-ES-JoanaNeural",
    "cs": "cs-CZ-VlastaNeural",
    "da": "da-DK-ChristelNeural",
    "de": "de-DE-KatjaNeural",
    "el": "el-GR-AthinaNeural",
    "en": "en-US-AriaNeural",
    "en-au": "en-AU-NatashaNeural",
    "en-gb": "en-GB-SoniaNeural",
    "en-in": "en-IN-NeerjaNeural",
    "es": "es-ES-ElviraNeural",
    "es-mx": "es-MX-DaliaNeural",
    "fa": "fa-IR-DilaraNeural",
    "fi": "fi-FI-NooraNeural",
    "fr": "fr-FR-DeniseNeural",
    "fr-ca": "fr-CA-SylvieNeural",
    "he": "he-IL-HilaNeural",
    "hi": "hi-IN-SwaraNeural",
    "hr": "hr-HR-GabrijelaNeural",
    "hu": "hu-HU-NoemiNeural",
    "id": "id-ID-GadisNeural",
    "it": "it-IT-ElsaNeural",
    "ja": "ja-JP-NanamiNeural",
    "ko": "ko-KR-SunHiNeural",
    "ms": "ms-MY-YasminNeural",
    "nl": "nl-NL-ColetteNeural",
    "no": "nb-NO-PernilleNeural",
    "pl": "pl-PL-ZofiaNeural",
    "pt": "pt-BR-FranciscaNeural",
    "pt-pt": "pt-PT-RaquelNeural",
    "ro": "ro-RO-AlinaNeural",
    "ru": "ru-RU-SvetlanaNeural",
    "sk": "sk-SK-ViktoriaNeural",
    "sv": "sv-SE-SofieNeural",
    "ta": "ta-IN-PallaviNeural",
    "th": "th-TH-PremwadeeNeural",
    "tr": "tr-TR-EmelNeural",
    "uk": "uk-UA-PolinaNeural",
    "ur": "ur-PK-UzmaNeural",
    "vi": "vi-VN-HoaiMyNeural",
    "zh": "zh-CN-XiaoxiaoNeural",
    "zh-tw": "zh-TW-HsiaoChenNeural",
}


def voice_of(language: str) -> str | None:
    """The voice for an ISO 639-1 code, with or without region (`pt`, `pt-br`); None where there is none."""
    language = language or DEFAULT_LANGUAGE
    return VOICE_OF_LANGUAGE.get(language) or VOICE_OF_LANGUAGE.get(language.split("-")[0])

"""Voices of the Edge service in the languages that are spoken here, each with its gender. Only data.

Source: the names and the field `Gender` of the service's public list of voices (`edge-tts --list-voices`). A line is a
locale, its women and, behind the bar, its men; `ar-SA Zariyah` is the voice `ar-SA-ZariyahNeural`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

Gender = Literal["female", "male"]

_VOICES = """
ar-AE Fatima | Hamdan
ar-BH Laila | Ali
ar-DZ Amina | Ismael
ar-EG Salma | Shakir
ar-IQ Rana | Bassel
ar-JO Sana | Taim
ar-KW Noura | Fahed
ar-LB Layla | Rami
ar-LY Iman | Omar
ar-MA Mouna | Jamal
ar-OM Aysha | Abdullah
ar-QA Amal | Moaz
ar-SA Zariyah | Hamed
ar-SY Amany | Laith
ar-TN Reem | Hedi
ar-YE Maryam | Saleh
bg-BG Kalina | Borislav
bn-BD Nabanita | Pradeep
ca-ES Joana | Enric
cs-CZ Vlasta | Antonin
da-DK Christel | Jeppe
de-AT Ingrid | Jonas
de-CH Leni | Jan
de-DE Katja Amala SeraphinaMultilingual | Conrad Killian FlorianMultilingual
el-GR Athina | Nestoras
en-AU Natasha | William
en-CA Clara | Liam
en-GB Sonia Libby Maisie | Ryan Thomas
en-IE Emily | Connor
en-IN Neerja NeerjaExpressive | Prabhat
en-NZ Molly | Mitchell
en-US Aria Ava Emma Jenny Michelle | Andrew Brian Christopher Eric Guy Roger Steffan
es-AR Elena | Tomas
es-ES Elvira Ximena | Alvaro
es-MX Dalia | Jorge
es-US Paloma | Alonso
fa-IR Dilara | Farid
fi-FI Noora | Harri
fr-BE Charline | Gerard
fr-CA Sylvie | Antoine Jean Thierry
fr-CH Ariane | Fabrice
fr-FR Denise Eloise VivienneMultilingual | Henri RemyMultilingual
he-IL Hila | Avri
hi-IN Swara | Madhur
hr-HR Gabrijela | Srecko
hu-HU Noemi | Tamas
id-ID Gadis | Ardi
it-IT Elsa Isabella | Diego GiuseppeMultilingual
ja-JP Nanami | Keita
ko-KR SunHi | InJoon HyunsuMultilingual
ms-MY Yasmin | Osman
nb-NO Pernille | Finn
nl-BE Dena | Arnaud
nl-NL Colette Fenna | Maarten
pl-PL Zofia | Marek
pt-BR Francisca ThalitaMultilingual | Antonio
pt-PT Raquel | Duarte
ro-RO Alina | Emil
ru-RU Svetlana | Dmitry
sk-SK Viktoria | Lukas
sv-SE Sofie | Mattias
ta-IN Pallavi | Valluvar
th-TH Premwadee | Niwat
tr-TR Emel | Ahmet
uk-UA Polina | Ostap
ur-PK Uzma | Asad
vi-VN HoaiMy | NamMinh
zh-CN Xiaoxiao Xiaoyi | Yunxi Yunjian Yunyang
zh-HK HiuMaan HiuGaai | WanLung
zh-TW HsiaoChen HsiaoYu | YunJhe
"""


def _genders() -> Iterator[tuple[str, Gender]]:
    genders: tuple[Gender, Gender] = ("female", "male")
    for line in _VOICES.strip().splitlines():
        locale, _, names = line.partition(" ")
        for gender, group in zip(genders, names.split("|"), strict=True):
            for name in group.split():
                yield f"{locale}-{name}Neural", gender


GENDERS: dict[str, Gender] = dict(_genders())

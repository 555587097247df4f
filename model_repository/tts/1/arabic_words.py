"""What Arabic calls units, currencies and months, and which words govern the case of a number. Only data."""

from __future__ import annotations

from .arabic_numbers import Noun


def _words(text: str) -> list[str]:
    return text.split()


_PER_HOUR, _PER_SECOND = "في الساعة", "في الثانية"
_METER, _KILOMETER = ("متر", "أمتار"), ("كيلومتر", "كيلومترات")
_KILOGRAM, _GRAM = Noun("كيلوغرام", "كيلوغرامات"), Noun("غرام", "غرامات")
_CELSIUS = Noun("درجة", "درجات", feminine=True, adjective="مئوي")
_FAHRENHEIT = Noun("درجة", "درجات", feminine=True, tail="فهرنهايت")
_METERS, _KILOMETERS = Noun(*_METER), Noun(*_KILOMETER)
_CENTIMETERS, _MILLIMETERS = Noun("سنتيمتر", "سنتيمترات"), Noun("مليمتر", "مليمترات")
_SQUARE_METERS, _CUBIC_METERS = Noun(*_METER, adjective="مربع"), Noun(*_METER, adjective="مكعب")
_SQUARE_KILOMETERS = Noun(*_KILOMETER, adjective="مربع")
_KILOMETERS_PER_HOUR = Noun(*_KILOMETER, tail=_PER_HOUR)
_METERS_PER_SECOND = Noun(*_METER, tail=_PER_SECOND)
_LITERS, _MILLILITERS = Noun("لتر", "لترات"), Noun("مليلتر", "مليلترات")
_DAYS, _HOURS, _MINUTES = (
    Noun("يوم", "أيام"),
    Noun("ساعة", "ساعات", feminine=True),
    Noun("دقيقة", "دقائق", feminine=True),
)

MINUTE = _MINUTES
UNITS = {
    "كم/س": _KILOMETERS_PER_HOUR,
    "كم/ساعة": _KILOMETERS_PER_HOUR,
    "كم/ الساعة": _KILOMETERS_PER_HOUR,
    "كم/الساعة": _KILOMETERS_PER_HOUR,
    "km/h": _KILOMETERS_PER_HOUR,
    "م/ث": _METERS_PER_SECOND,
    "m/s": _METERS_PER_SECOND,
    "كم²": _SQUARE_KILOMETERS,
    "كم٢": _SQUARE_KILOMETERS,
    "كم2": _SQUARE_KILOMETERS,
    "km²": _SQUARE_KILOMETERS,
    "م²": _SQUARE_METERS,
    "م٢": _SQUARE_METERS,
    "م2": _SQUARE_METERS,
    "m²": _SQUARE_METERS,
    "م³": _CUBIC_METERS,
    "م3": _CUBIC_METERS,
    "m³": _CUBIC_METERS,
    "كم": _KILOMETERS,
    "km": _KILOMETERS,
    "م": _METERS,
    "m": _METERS,
    "سم": _CENTIMETERS,
    "cm": _CENTIMETERS,
    "مم": _MILLIMETERS,
    "ملم": _MILLIMETERS,
    "mm": _MILLIMETERS,
    "كغ": _KILOGRAM,
    "كغم": _KILOGRAM,
    "كجم": _KILOGRAM,
    "كلغ": _KILOGRAM,
    "kg": _KILOGRAM,
    "غ": _GRAM,
    "غم": _GRAM,
    "جم": _GRAM,
    "g": _GRAM,
    "ملغ": Noun("مليغرام", "مليغرامات"),
    "ملجم": Noun("مليغرام", "مليغرامات"),
    "mg": Noun("مليغرام", "مليغرامات"),
    "ل": _LITERS,
    "L": _LITERS,
    "مل": _MILLILITERS,
    "ml": _MILLILITERS,
    "°م": _CELSIUS,
    "°س": _CELSIUS,
    "°C": _CELSIUS,
    "℃": _CELSIUS,
    "°ف": _FAHRENHEIT,
    "°F": _FAHRENHEIT,
    "°": Noun("درجة", "درجات", feminine=True),
    "GB": Noun("غيغابايت", "", fixed=True),
    "MB": Noun("ميغابايت", "", fixed=True),
    "KB": Noun("كيلوبايت", "", fixed=True),
    "TB": Noun("تيرابايت", "", fixed=True),
    "kW": Noun("كيلوواط", "", fixed=True),
    "W": Noun("واط", "", fixed=True),
    "Hz": Noun("هرتز", "", fixed=True),
    "GHz": Noun("غيغاهرتز", "", fixed=True),
    "سا": _HOURS,
    "h": _HOURS,
    "د": _MINUTES,
    "min": _MINUTES,
    "ث": Noun("ثانية", "ثوانٍ", feminine=True),
}

# The same written out: what stands after a number takes the form that the number asks for.
NOUNS = {
    form: noun
    for noun in (
        *(Noun(*_KILOMETER), _METERS, _CENTIMETERS, _KILOGRAM, _GRAM, _LITERS, _DAYS, _HOURS, _MINUTES),
        *(Noun("ريال", "ريالات"), Noun("دولار", "دولارات"), Noun("جنيه", "جنيهات"), Noun("درهم", "دراهم")),
        *(Noun("دينار", "دنانير"), Noun("ليرة", "ليرات", feminine=True), Noun("يورو", "", fixed=True)),
        *(Noun("درجة", "درجات", feminine=True), Noun("ثانية", "ثوانٍ", feminine=True), Noun("شهر", "أشهر")),
        *(Noun("أسبوع", "أسابيع"), Noun("عام", "أعوام"), Noun("سنة", "سنوات", feminine=True)),
        *(Noun("مرة", "مرات", feminine=True), Noun("شخص", "أشخاص"), Noun("صفحة", "صفحات", feminine=True)),
    )
    for form in (noun.one, noun.many, f"{noun.one}ا", f"{noun.one}ًا")
    if form
}
SCALES = {
    **dict.fromkeys(("ألف", "الف", "آلاف", "الاف", "ألفا", "ألفًا"), (10**3, "ألف")),
    **dict.fromkeys(("مليون", "ملايين", "مليونا", "مليونًا"), (10**6, "مليون")),
    **dict.fromkeys(("مليار", "مليارات", "مليارا", "مليارًا"), (10**9, "مليار")),
    **dict.fromkeys(("تريليون", "تريليونات"), (10**12, "تريليون")),
}

_CENT, _HALALA = Noun("سنت", "سنتات"), Noun("هللة", "هللات", feminine=True)
_PIASTER, _FILS = Noun("قرش", "قروش"), Noun("فلس", "فلوس")
_DOLLAR, _EURO = Noun("دولار", "دولارات"), Noun("يورو", "", fixed=True)
_STERLING = Noun("جنيه", "جنيهات", adjective="إسترليني")
_SAUDI, _EGYPTIAN = Noun("ريال", "ريالات", adjective="سعودي"), Noun("جنيه", "جنيهات", adjective="مصري")
_EMIRATI = Noun("درهم", "دراهم", adjective="إماراتي")
# The coin, and the coin that is its hundredth: None where there is none, or it is a thousandth.
CURRENCIES: dict[str, tuple[Noun, Noun | None]] = {
    "US$": (Noun("دولار", "دولارات", adjective="أمريكي"), _CENT),
    "$": (_DOLLAR, _CENT),
    "USD": (Noun("دولار", "دولارات", adjective="أمريكي"), _CENT),
    "€": (_EURO, _CENT),
    "EUR": (_EURO, _CENT),
    "£": (_STERLING, Noun("بنس", "بنسات")),
    "GBP": (_STERLING, Noun("بنس", "بنسات")),
    "¥": (Noun("ين", "", fixed=True), None),
    "₹": (Noun("روبية", "روبيات", feminine=True), None),
    "ر.س": (_SAUDI, _HALALA),
    "SAR": (_SAUDI, _HALALA),
    "ج.م": (_EGYPTIAN, _PIASTER),
    "EGP": (_EGYPTIAN, _PIASTER),
    "د.إ": (_EMIRATI, Noun("فلس", "فلوس")),
    "AED": (_EMIRATI, Noun("فلس", "فلوس")),
    "د.ك": (Noun("دينار", "دنانير", adjective="كويتي"), None),
    "KWD": (Noun("دينار", "دنانير", adjective="كويتي"), None),
    "د.ب": (Noun("دينار", "دنانير", adjective="بحريني"), None),
    "BHD": (Noun("دينار", "دنانير", adjective="بحريني"), None),
    "د.أ": (Noun("دينار", "دنانير", adjective="أردني"), None),
    "JOD": (Noun("دينار", "دنانير", adjective="أردني"), None),
    "د.ع": (Noun("دينار", "دنانير", adjective="عراقي"), None),
    "IQD": (Noun("دينار", "دنانير", adjective="عراقي"), None),
    "د.ج": (Noun("دينار", "دنانير", adjective="جزائري"), None),
    "د.ت": (Noun("دينار", "دنانير", adjective="تونسي"), None),
    "د.م": (Noun("درهم", "دراهم", adjective="مغربي"), Noun("سنتيم", "سنتيمات")),
    "MAD": (Noun("درهم", "دراهم", adjective="مغربي"), Noun("سنتيم", "سنتيمات")),
    "ر.ق": (Noun("ريال", "ريالات", adjective="قطري"), Noun("درهم", "دراهم")),
    "QAR": (Noun("ريال", "ريالات", adjective="قطري"), Noun("درهم", "دراهم")),
    "ر.ع": (Noun("ريال", "ريالات", adjective="عماني"), None),
    "OMR": (Noun("ريال", "ريالات", adjective="عماني"), None),
    "ر.ي": (Noun("ريال", "ريالات", adjective="يمني"), None),
    "ل.ل": (Noun("ليرة", "ليرات", feminine=True, adjective="لبناني"), None),
    "ل.س": (Noun("ليرة", "ليرات", feminine=True, adjective="سوري"), None),
    "TRY": (Noun("ليرة", "ليرات", feminine=True, adjective="تركي"), _PIASTER),
}

MONTHS = _words("يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر")
_OTHER_SINGLE_MONTHS = _words(
    """إبريل ابريل اغسطس اكتوبر آذار شباط نيسان أيار حزيران تموز آب أيلول محرم صفر رجب شعبان رمضان شوال"""
)
OTHER_MONTHS = [
    *_OTHER_SINGLE_MONTHS,
    "كانون الثاني",
    "كانون الأول",
    "تشرين الأول",
    "تشرين الثاني",
    "ربيع الأول",
    "ربيع الآخر",
    "ربيع الثاني",
    "جمادى الأولى",
    "جمادى الآخرة",
    "ذو القعدة",
    "ذي القعدة",
    "ذو الحجة",
    "ذي الحجة",
]

ABBREVIATIONS = {
    "إلخ": "إلى آخره",
    "الخ": "إلى آخره",
    "ق.م": "قبل الميلاد",
    "ص.ب": "صندوق بريد",
    "ﷺ": "صلى الله عليه وسلم",
    "أ.د.": "الأستاذ الدكتور",
    "&": "و",
    "+": "زائد",
    "=": "يساوي",
    "≈": "يساوي تقريبًا",
    "±": "زائد أو ناقص",
    "×": "ضرب",
    "÷": "تقسيم",
    "→": "إلى",
    "@": "آت",
    "%": "بالمئة",
    "°": "درجة",
    "…": "...",
    "™": "",
    "®": "",
}
TITLES = {"د": "الدكتور", "أ": "الأستاذ", "م": "المهندس"}

# A number after these stands in the genitive or the accusative.
GOVERNORS = frozenset(
    _words(
        """من إلى الى على عن في حتى منذ خلال بعد قبل حوالي نحو نسبة قرابة قدره قدرها بين كل ضمن لمدة مدة بسعر
    بقيمة قيمة عمر لـ بـ كـ ب ل ك عند فوق تحت دون أقل مقابل عبر بنسبة مسافة لمسافة سرعة بسرعة سن زهاء عام
    سنة أكثر وزن بوزن طول بطول يبلغ تبلغ بلغ بلغت يستغرق تستغرق استغرق استغرقت يساوي تساوي يكلف تكلف كلف
    كلفت يزن تزن وزنت يضم تضم يملك تملك اشتريت دفعت يدفع تدفع ادفع أريد تريد نريد يحتوي يتجاوز تتجاوز
    تجاوز يعادل تعادل احتاج أحتاج يحتاج تحتاج أضف اضف أضيفي ضع خذ استخدم ربح خسر كسب باع جمع ارتفع انخفض زاد نقص"""
    )
)
# Feminine, or plurals of feminines, though nothing in their form says so.
FEMININES = frozenset(
    _words(
        """دقائق ثوان ثواني ثوانٍ رسائل غرف مدن دول قصص صور مرات ليال ليالي ليالٍ نساء بنات طرق جمل حروب قدم
    أقدام عين أرض وظائف مدارس شركات فرص خدمات نقاط قطع لغات فئات حبات ملاعق نسخ حالات جزر قرى مهام حلقات
    شقق بطاقات وجبات طبقات رحلات خطوات درجات سنوات ساعات كلمات صفحات سيارات بنت"""
    )
)
# Masculines with a plural in ات, whose number agrees with the singular.
MASCULINES = frozenset(
    _words(
        """اجتماعات مطارات قطارات حيوانات خيارات أصوات أوقات أبيات تطبيقات امتحانات اختبارات مستشفيات كيلومترات
    دولارات ريالات جنيهات اقتراحات مجلدات ملفات إصدارات قرارات تحديثات مشروبات مجالات احتمالات أموات
    نباتات اتجاهات مكونات خزانات لترات أمتار كيلوغرامات غرامات مقترحات متطلبات معسكرات ممرات مسارات
    تمارين إعدادات إعلانات مليارات"""
    )
)
# What follows a number without being counted.
NOT_COUNTED = frozenset(
    _words(
        """من في إلى الى على عن أو او ثم و هو هي هذا هذه فقط تقريبا تقريبًا كل مع حتى منذ قبل بعد يساوي زائد
    ناقص ضرب تقسيم بالمئة إذا لأن لكن كما عند بين أي صباحا صباحًا مساء مساءً ظهرا ظهرًا أيضا أيضًا هنا
    هناك لا ما لم"""
    )
)

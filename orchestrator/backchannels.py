"""Words that a listener says without wanting the turn, and words that stop a speaker, by language. Data only.

Whoever compares them normalises both sides (`interjection.tokens`), so marks, accents and capitals do not matter.
"""

from __future__ import annotations


def _phrases(text: str) -> frozenset[str]:
    return frozenset(phrase.strip() for phrase in text.replace("\n", " ").split(","))


SOUNDS = _phrases(
    """hm, hmm, hmmm, mm, mmm, mhm, mmhm, mm hm, mm hmm, mhmm, m, uh huh, uhhuh, uh hu, aha, ah, aah,
    oh, ooh, oooh, uh, um, er, erm, eh, huh, hah, ha, haha, hahaha, he, hehe, hihi, ho, hoho, ow,
    ouch, ugh, phew, wow, whoa, shh, psst, tsk, achoo, atchoo, hatschi, ok, okay, okey, k, ههه, هههه,
    ها, اه, اوه, ام, همم, هممم, هم, 哈, 哈哈, 哈哈哈, 嗯, 嗯嗯, 啊, 哦, 噢, 呵呵, うん, うーん,
    ふーん, へえ, ああ, あはは, 음, 응, 아, 어, 하하, 오, ага, угу, м, мм, ха, хаха, хм, ой"""
)
BACKCHANNELS = {
    "en": _phrases(
        """yeah, yes, yep, yup, ya, yea, right, all right, alright, i see, got it, gotcha, sure, of course,
        true, exactly, absolutely, indeed, totally, really, cool, nice, great, good, fine, very good,
        very nice, interesting, i know, fair enough, makes sense, that makes sense, thats right,
        thats true, oh i see, oh really, oh yeah, oh wow, oh my, oh nice, oh okay, no way, my god,
        oh my god, bless you, excuse me"""
    ),
    "ar": _phrases(
        """نعم, ايوه, ايوا, اي, اجل, تمام, طيب, حسنا, حسن, ماشي, اوكي, اوك, صح, صحيح, اكيد, طبعا, فهمت,
        مفهوم, جميل, رائع, ممتاز, والله, يا سلام, ان شاء الله, ما شاء الله, الحمد لله, بالضبط, فعلا, حقا,
        جيد"""
    ),
    "de": _phrases(
        """ja, jaja, ja ja, jap, jo, genau, gut, alles klar, klar, aha, ach so, achso, verstehe,
        ich verstehe, stimmt, richtig, na klar, naturlich, sicher, schon, sehr gut, super, toll, ach ja,
        so so, in ordnung, mhm"""
    ),
    "fr": _phrases(
        """oui, ouais, d'accord, bien sur, ah bon, ah oui, je vois, exactement, tout a fait,
        c'est vrai, voila, bien, tres bien, super, bon, certes, en effet, ok, compris, parfait"""
    ),
    "es": _phrases(
        """si, claro, vale, ya, ya veo, de acuerdo, bueno, bien, muy bien, entiendo, exacto, cierto,
        es verdad, por supuesto, aja, ah si, perfecto, entendido, correcto, genial"""
    ),
    "it": _phrases(
        """si, certo, va bene, bene, molto bene, capito, ho capito, capisco, esatto, giusto, vero, e vero,
        gia, ah si, d'accordo, daccordo, ecco, perfetto, ah ecco, come no, appunto"""
    ),
    "pt": _phrases(
        """sim, claro, certo, ta, ta bom, ta bem, esta bem, tudo bem, pois, pois e, pois sim, entendi,
        entendo, percebi, exato, exatamente, isso, verdade, e verdade, bom, muito bem, legal, beleza,
        com certeza"""
    ),
    "ru": _phrases(
        """да, да да, ну да, так, хорошо, понятно, понял, поняла, ясно, конечно, точно, верно, правда,
        ладно, окей, вот как, отлично, разумеется, именно, интересно"""
    ),
    "zh": _phrases(
        """对, 对对, 对对对, 是, 是的, 是啊, 好, 好的, 好吧, 行, 知道了, 我知道, 明白, 明白了, 没错, 当然,
        原来如此, 真的, 對, 沒錯, 當然"""
    ),
    "ja": _phrases(
        """はい, はいはい, ええ, そう, そうそう, そうです, そうですね, そうですか, そうか, そうだね,
        なるほど, わかりました, わかった, 本当, ほんと, たしかに, 確かに, いいね, もちろん"""
    ),
    "ko": _phrases(
        """네, 네네, 예, 그래, 그래요, 그렇군요, 그렇구나, 맞아, 맞아요, 알겠어요, 알겠습니다, 알았어, 좋아,
        좋아요, 정말, 물론, 당연하죠"""
    ),
    "tr": _phrases("""evet, tamam, peki, anladım, anladim, dogru, tabii, tabi, aynen, oyle, guzel, iyi"""),
    "nl": _phrases(
        """ja, jaja, ja ja, precies, goed, oke, prima, klopt, inderdaad, ik snap het, juist, natuurlijk,
        zeker"""
    ),
    "pl": _phrases(
        """tak, tak tak, no, no tak, dobrze, dobra, jasne, rozumiem, racja, oczywiscie, pewnie, dokładnie,
        dokladnie"""
    ),
    "hi": _phrases("""हा, जी, जी हा, अचछा, ठीक, ठीक है, सही, बिलकुल, हम्म"""),
}
STOP_PHRASES = {
    "en": _phrases(
        """stop, stop it, stop talking, wait, wait a minute, wait a second, hold on, hang on, hold it,
        pause, cancel, enough, thats enough, be quiet, quiet, shut up, never mind, nevermind, one moment,
        just a moment, one second, just a second, no, nope, no no, no stop, no wait, okay stop, silence,
        hush, listen, hello, hey, excuse me but"""
    ),
    "ar": _phrases(
        """قف, توقف, توقفي, انتظر, انتظري, لحظه, استني, استنا, كفي, خلاص, بس, اسكت, اصمت, لا, دقيقه, مهلا,
        اسمع"""
    ),
    "de": _phrases(
        """stopp, stop, halt, warte, warten sie, warte mal, moment, moment mal, einen moment, nein, genug,
        ruhe, aufhoren, hor auf, still"""
    ),
    "fr": _phrases(
        """stop, arrete, arretez, attends, attendez, un moment, un instant, une seconde, non, assez,
        ca suffit, silence, tais toi, pause"""
    ),
    "es": _phrases(
        """para, pare, alto, espera, espere, un momento, un segundo, no, basta, detente, silencio, callate,
        ya basta, pausa"""
    ),
    "it": _phrases(
        """ferma, fermati, fermo, aspetta, aspetti, un momento, un attimo, un secondo, no, basta, silenzio,
        zitto, stop, pausa"""
    ),
    "pt": _phrases(
        """para, pare, espera, espere, um momento, um segundo, um instante, nao, basta, chega, silencio,
        cala te, pausa"""
    ),
    "ru": _phrases(
        """стоп, стой, подожди, подождите, погоди, постой, минутку, секунду, нет, хватит, тихо, замолчи,
        перестань, довольно"""
    ),
    "zh": _phrases(
        """停, 停下, 停止, 等, 等等, 等一下, 等一等, 等会, 不, 不是, 不对, 不要, 够了, 安静, 别说了, 暂停,
        稍等, 停一下"""
    ),
    "ja": _phrases(
        """止めて, とめて, やめて, ストップ, 待って, まって, ちょっと待って, ちょっとまって, いや, いいえ,
        違う, ちがう, もういい, 静かに, ちょっと"""
    ),
    "ko": _phrases(
        """그만, 멈춰, 잠깐, 잠깐만, 잠깐만요, 잠시만, 잠시만요, 기다려, 스톱, 아니, 아니요, 아니야, 됐어,
        조용히"""
    ),
    "tr": _phrases("""dur, durun, bekle, bekleyin, bir dakika, bir saniye, hayır, hayir, yeter, sus"""),
    "nl": _phrases("""stop, wacht, wacht even, moment, een moment, nee, genoeg, stil, hou op, ophouden"""),
    "pl": _phrases(
        """stop, stoj, czekaj, zaczekaj, poczekaj, chwila, chwileczke, nie, dosc, cisza, przestan, wystarczy"""
    ),
    "hi": _phrases("""रुको, रुकिए, रुकना, ठहरो, एक मिनट, नही, बस, चुप, बंद करो"""),
}
INVENTED = _phrases(
    """you, thank you, thanks, thank you very much, thank you so much, thanks for watching,
    thank you for watching, bye, bye bye, im sorry, so, the, i, a, and, the end, please subscribe,
    subtitles by the amara org community, شكرا, شكرا لكم, اشتركوا في القناة, vielen dank,
    untertitel der amara org community, untertitel im auftrag des zdf,
    sous titres realises par la communaute d'amara org, merci, merci d'avoir regarde cette video,
    gracias, subtitulos realizados por la comunidad de amara org, grazie, obrigado,
    продолжение следует, 谢谢, 谢谢观看, ご視聴ありがとうございました, ありがとうございました,
    시청해주셔서 감사합니다, 감사합니다"""
)
"""What Whisper writes where nothing was said."""

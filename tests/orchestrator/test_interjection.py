from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.backchannels import BACKCHANNELS, SOUNDS, STOP_PHRASES
from orchestrator.inference import Transcript
from orchestrator.interjection import Interjection, JudgementSettings, Verdict, is_own, judge, tokens

SENT = "Plants need sunlight, water, air and good soil to grow. They turn light into sugar."


def heard(
    text: str, language: str = "en", log_probability: float = -0.3, no_speech: float = 0.0
) -> Interjection:
    transcript = Transcript(
        text, language, no_speech_probability=no_speech, average_log_probability=log_probability
    )
    return Interjection(transcript, language, voiced_ms=400, speech_probability=0.9, sent_words=SENT)


@pytest.mark.parametrize(
    "text",
    [
        "Okay.",
        "Mm-hmm.",
        "Uh-huh.",
        "Okay, okay.",
        "Yeah, right.",
        "I see.",
        "Oh, I see, okay.",
        "That's right!",
        "Aha!",
        "Ha ha ha!",
        "Hahaha",
        "(laughs)",
        "[cough]",
        "*sneezes*",
        "Achoo!",
        "♪",
        "♪ la la la ♪",
        "(laughs) Yeah.",
        "Bless you.",
        "...",
    ],
)
def test_what_a_listener_says_in_passing_lets_the_reply_go_on(text: str) -> None:
    assert judge(heard(text)) is Verdict.GO_ON


@pytest.mark.parametrize("text", ["Oh, real", "I know", "that makes", "absolute"])
def test_what_may_still_become_words_in_passing_is_waited_for(text: str) -> None:
    assert judge(heard(text)) in {Verdict.UNKNOWN, Verdict.GO_ON}


@pytest.mark.parametrize(
    "text",
    [
        "What about cats?",
        "Okay, but what about cats?",
        "Yes, but",
        "Right, and the other one",
        "Tell",
        "okay okay okay okay",
        "No.",
        "Stop.",
        "Wait!",
        "Okay, stop.",
        "Yeah, yeah, hold on.",
        "(coughs) Sorry, go back.",
        "Seven.",
    ],
)
def test_a_real_word_interrupts(text: str) -> None:
    assert judge(heard(text)) is Verdict.INTERRUPT


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ar", "نعم"),
        ("ar", "أيوه، تمام."),
        ("ar", "هممم"),
        ("ar", "طيّب"),
        ("de", "Ja, genau."),
        ("de", "Natürlich."),
        ("fr", "D'accord."),
        ("fr", "Ah oui, c'est vrai."),
        ("es", "Sí, claro."),
        ("es", "Ajá."),
        ("it", "Sì, va bene."),
        ("it", "Ah, già."),
        ("pt", "Está bem."),
        ("pt", "Pois é."),
        ("ru", "Ага, понятно."),
        ("ru", "Да-да."),
        ("zh", "嗯,对对对。"),
        ("zh", "好的。"),
        ("ja", "はい、そうですね。"),
        ("ja", "なるほど。"),
        ("ko", "네, 그렇군요."),
        ("tr", "Evet, tamam."),
        ("nl", "Ja, precies."),
        ("pl", "No tak, dobrze."),
        ("hi", "हाँ, ठीक है।"),
        ("sv", "Okay."),
        ("de", "Okay."),
    ],
)
def test_words_said_in_passing_are_known_in_many_languages(language: str, text: str) -> None:
    assert judge(heard(text, language)) is Verdict.GO_ON


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ar", "قف"),
        ("ar", "انتظر لحظة"),
        ("ar", "نعم لكن ماذا عن القطط"),
        ("de", "Halt, stopp!"),
        ("de", "Ja, aber"),
        ("fr", "Attends."),
        ("fr", "Oui, mais"),
        ("es", "Espera."),
        ("it", "Aspetta un attimo."),
        ("pt", "Não."),
        ("ru", "Стой!"),
        ("zh", "等一下"),
        ("zh", "好的那北京呢"),
        ("ja", "ちょっと待って"),
        ("ko", "잠깐만요"),
        ("hi", "रुको"),
        ("sv", "Vad sa du?"),
        ("sv", "Stop!"),
    ],
)
def test_stop_words_and_real_words_interrupt_in_many_languages(language: str, text: str) -> None:
    assert judge(heard(text, language)) is Verdict.INTERRUPT


def test_a_stop_word_interrupts_at_once_though_its_scores_are_poor() -> None:
    assert judge(heard("Stop.", log_probability=-2.0, no_speech=0.9)) is Verdict.INTERRUPT


@pytest.mark.parametrize("text", ["you", "Thank you.", "Thanks for watching!", "I'm sorry."])
def test_what_whisper_invents_waits_for_more_unless_it_is_certain(text: str) -> None:
    assert judge(heard(text, log_probability=-0.9)) is Verdict.UNKNOWN
    assert judge(heard(text, log_probability=-0.2)) is Verdict.INTERRUPT


@pytest.mark.parametrize(
    "doubted",
    [
        heard("Some words here", log_probability=-2.2),
        heard("Some words here", log_probability=-0.9, no_speech=0.8),
        Interjection(Transcript("Some words here", "en"), "en", voiced_ms=400, speech_probability=0.3),
    ],
)
def test_doubted_words_wait_for_more(doubted: Interjection) -> None:
    assert judge(doubted) is Verdict.UNKNOWN


def test_no_words_yet_wait_for_more() -> None:
    assert judge(heard("")) is Verdict.UNKNOWN


@pytest.mark.parametrize(
    "text",
    [
        "sunlight, water, air",
        "Plant need some light water here and good soil",
        "they turned light into sugar",
        "soil to grow they",
        "air",
        "Watter air and good soy",
    ],
)
def test_the_assistants_own_words_do_not_interrupt_it_though_misheard(text: str) -> None:
    assert judge(heard(text)) is Verdict.GO_ON


@pytest.mark.parametrize(
    "text",
    [
        "What about the moon?",
        "Where can I buy good soil?",
        "How do I grow tomatoes",
        "hair",
        "light bulb please",
    ],
)
def test_other_words_interrupt_though_some_are_the_assistants(text: str) -> None:
    assert judge(heard(text)) is Verdict.INTERRUPT


def test_a_stop_word_that_the_assistant_says_is_an_echo_only_where_its_voice_is_heard() -> None:
    transcript = Transcript("Wait!", "en")
    said = "Please wait until the light is green."
    user = Interjection(transcript, "en", 400, sent_words=said, echo_correlation=0.05)
    echo = Interjection(transcript, "en", 400, sent_words=said, echo_correlation=0.6, echo_explained=0.8)
    assert judge(user) is Verdict.INTERRUPT
    assert judge(echo) is Verdict.GO_ON


def test_a_word_that_the_reply_has_too_is_the_users_where_no_echo_is_heard() -> None:
    one, four = (
        Interjection(Transcript(text, "en"), "en", 400, sent_words=SENT, echo_correlation=0.05)
        for text in ("water", "need sunlight water air")
    )
    assert judge(one) is Verdict.INTERRUPT
    assert judge(four) is Verdict.GO_ON


def test_sound_that_is_nothing_but_the_assistants_voice_needs_no_words() -> None:
    echo = Interjection(
        Transcript("What about cats?", "en"), "en", 900, echo_correlation=0.9, echo_explained=0.99
    )
    assert judge(echo) is Verdict.GO_ON


def test_without_a_transcript_long_speech_interrupts() -> None:
    settings = JudgementSettings(long_speech_ms=1000)
    assert judge(Interjection(None, "en", voiced_ms=900), settings) is Verdict.UNKNOWN
    assert judge(Interjection(None, "en", voiced_ms=1000), settings) is Verdict.INTERRUPT


@pytest.mark.parametrize("language", sorted(STOP_PHRASES))
def test_no_stop_word_is_also_said_in_passing(language: str) -> None:
    passing = {tuple(tokens(phrase)) for phrase in BACKCHANNELS[language] | SOUNDS}
    assert not passing & {tuple(tokens(phrase)) for phrase in STOP_PHRASES[language]}


@pytest.mark.parametrize(
    ("language", "phrase"),
    [(language, phrase) for language, phrases in STOP_PHRASES.items() for phrase in sorted(phrases)],
)
def test_every_stop_phrase_interrupts(language: str, phrase: str) -> None:
    assert judge(heard(phrase, language, log_probability=-2.0)) is Verdict.INTERRUPT


@pytest.mark.parametrize(
    ("language", "phrase"),
    [(language, phrase) for language, phrases in BACKCHANNELS.items() for phrase in sorted(phrases)]
    + [("sv", sound) for sound in sorted(SOUNDS)],
)
def test_every_phrase_said_in_passing_lets_the_reply_go_on(language: str, phrase: str) -> None:
    assert judge(heard(phrase.capitalize() + ".", language)) is Verdict.GO_ON


@given(st.text(max_size=80), st.text(max_size=80), st.sampled_from(["en", "ar", "zh", "xx"]))
def test_any_text_has_a_verdict(text: str, sent: str, language: str) -> None:
    interjection = Interjection(Transcript(text, language), language, voiced_ms=400, sent_words=sent)
    assert judge(interjection) in Verdict


@given(st.lists(st.sampled_from(SENT.split()), min_size=1, max_size=1))
def test_every_word_of_the_reply_is_its_own(words: list[str]) -> None:
    assert is_own(tokens(" ".join(words)), SENT)


def test_words_in_what_is_mostly_the_assistants_voice_are_waited_for_and_a_stop_is_not() -> None:
    def over_echo(text: str, explained: float) -> Verdict:
        transcript = Transcript(text, "en", average_log_probability=-0.3)
        sent = "The sky is blue because of the air."
        return judge(
            Interjection(
                transcript, "en", 400, sent_words=sent, echo_correlation=0.8, echo_explained=explained
            )
        )

    assert over_echo("What about Paris", 0.7) is Verdict.UNKNOWN
    assert over_echo("What about Paris", 0.5) is Verdict.INTERRUPT
    assert over_echo("Stop", 0.7) is Verdict.INTERRUPT


def test_what_the_reply_has_in_brackets_is_its_own_words_too() -> None:
    assert is_own(tokens("Colors red, blue."), "where the primary colors (red, blue, and yellow) are")

import assert from "node:assert/strict";
import { test } from "node:test";
import { address, Assembler, parse, WireError } from "../../../client/web/core/wire.js";

const voice = JSON.stringify({
  type: "voice_response", seq: 3, at_ms: 9, turn: 1, index: 0, text: "Hi", sample_rate: 22050, duration_ms: 10,
});

test("a message that lacks a field is refused by its name", () => {
  assert.throws(() => parse('{"type":"partial_transcript","turn":1,"text":"a"}'), /partial_transcript: stable/);
});

test("what is no JSON object with a type is refused", () => {
  for (const text of ["", "[]", "null", "{}", '{"type":1}']) assert.throws(() => parse(text), WireError);
});

test("a type that this page does not know is passed over", () => {
  assert.equal(parse('{"type":"of_the_future","seq":0,"at_ms":1}'), null);
});

test("a chunk of speech is complete with the binary message after it", () => {
  const assembler = new Assembler();
  assert.equal(assembler.push(voice), null);
  const event = assembler.push(new Uint8Array([1, 2]).buffer);
  assert.equal(event?.type, "voice_response");
  assert.deepEqual(new Uint8Array(event.pcm), new Uint8Array([1, 2]));
});

test("audio without its message, and a message without its audio, are refused", () => {
  assert.throws(() => new Assembler().push(new ArrayBuffer(2)), WireError);
  const assembler = new Assembler();
  assembler.push(voice);
  assert.throws(() => assembler.push('{"type":"pong"}'), WireError);
});

test("the address keeps the path before the page and leaves out what is empty", () => {
  const opening = { language: "ar", voice: "", session_id: "s1" };
  assert.equal(
    address("https://host:8/beauty/debug?x=1#y", opening),
    "wss://host:8/beauty/ws/voice-conversation?language=ar&session_id=s1&output=binary",
  );
  assert.equal(address("http://127.0.0.1:8000/", {}), "ws://127.0.0.1:8000/ws/voice-conversation?output=binary");
});

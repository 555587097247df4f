// Put into the page before its own code: keeps what goes to the loudspeaker, as whoever sits before it hears it.
{
  const connect = AudioNode.prototype.connect;
  AudioNode.prototype.connect = function (target, ...rest) {
    if (target instanceof AudioDestinationNode) record(this);
    return connect.call(this, target, ...rest);
  };

  function record(source) {
    const tap = new MediaStreamAudioDestinationNode(source.context);
    connect.call(source, tap);
    const recorder = new MediaRecorder(tap.stream, { audioBitsPerSecond: 64_000 });
    const parts = [];
    recorder.ondataavailable = ({ data }) => parts.push(data);
    recorder.start();
    window.heardSoFar = async () => {
      const stopped = new Promise((resolve) => (recorder.onstop = resolve));
      recorder.stop();
      await stopped;
      const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
      let text = "";
      for (const byte of bytes) text += String.fromCharCode(byte);
      return btoa(text);
    };
  }
}

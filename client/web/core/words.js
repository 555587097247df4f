/** How far into a reply's text the voice is: its spoken pieces against the position that was played. Pure. */

/** @typedef {import("./turns.js").Piece} Piece */

const MS_PER_CHARACTER = 62;

/**
 * How many characters of `reply` have been spoken at `playedMs`, whole words only.
 * @param {string} reply
 * @param {Piece[]} pieces
 * @param {number} playedMs
 * @param {boolean} complete  no more audio comes
 */
export function spokenCharacters(reply, pieces, playedMs, complete) {
  let cursor = 0;
  for (const [index, piece] of pieces.entries()) {
    const begin = Math.max(cursor, reply.indexOf(piece.text, cursor));
    const known = complete || index < pieces.length - 1;
    if (playedMs < piece.startMs + expectedMs(piece, known)) {
      const share = Math.max(0, playedMs - piece.startMs) / expectedMs(piece, known);
      return share ? wordEnd(reply, begin + share * piece.text.length) : cursor;
    }
    cursor = Math.min(reply.length, begin + piece.text.length);
  }
  return complete && pieces.length ? reply.length : cursor;
}

/** The length of a piece whose last chunk may not be here yet. @param {Piece} piece @param {boolean} known */
function expectedMs(piece, known) {
  return known ? piece.durationMs : Math.max(piece.durationMs, piece.text.length * MS_PER_CHARACTER);
}

/** @param {string} text @param {number} position */
function wordEnd(text, position) {
  const from = Math.min(text.length, Math.ceil(position));
  const space = text.slice(from).search(/\s/u);
  return space < 0 ? text.length : from + space;
}

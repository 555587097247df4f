/** The server's Prometheus text, as numbers that a person can read. Pure. */

/** @typedef {{name: string, labels: Object<string, string>, value: number}} Sample */

const LINE = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** @param {string} text @returns {Sample[]} */
export function parseMetrics(text) {
  const matches = text.split("\n").map((line) => LINE.exec(line));
  return matches.flatMap((match) => (match ? [sample(match)] : []));
}

/** @param {RegExpExecArray} match @returns {Sample} */
function sample([, name, labels, value]) {
  const pairs = [...(labels ?? "").matchAll(LABEL)].map(([, label, content]) => [label, content]);
  return { name, labels: Object.fromEntries(pairs), value: Number(value.replace("Inf", "Infinity")) };
}

/** The sum over all labels that fit. @param {Sample[]} samples @param {string} name @param {Object<string, string>} [labels] */
export function total(samples, name, labels = {}) {
  return fitting(samples, name, labels).reduce((sum, { value }) => sum + value, 0);
}

/** @param {Sample[]} samples @param {string} name @param {Object<string, string>} labels */
function fitting(samples, name, labels) {
  return samples.filter((one) => one.name === name && Object.entries(labels).every(([key, value]) => one.labels[key] === value));
}

/**
 * A quantile of a histogram, interpolated within its bucket as Prometheus does; null where nothing was counted.
 * @param {Sample[]} samples @param {string} name  without `_bucket` @param {Object<string, string>} labels @param {number} share
 */
export function quantile(samples, name, labels, share) {
  const buckets = fitting(samples, `${name}_bucket`, labels)
    .map(({ labels: { le }, value }) => ({ upTo: Number(le.replace("+Inf", "Infinity")), count: value }))
    .sort((a, b) => a.upTo - b.upTo);
  const rank = share * (buckets.at(-1)?.count ?? 0);
  if (!rank) return null;
  const index = buckets.findIndex(({ count }) => count >= rank);
  const below = index ? buckets[index - 1] : { upTo: 0, count: 0 };
  const { upTo, count } = buckets[index];
  if (!Number.isFinite(upTo)) return below.upTo;
  return below.upTo + ((upTo - below.upTo) * (rank - below.count)) / (count - below.count);
}

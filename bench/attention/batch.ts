/** `count` sequences of one shape: t queries each, the last at the position of the last of s keys. */
export interface BatchGroup {
  readonly count: number;
  readonly t: number;
  readonly s: number;
}

/** A batch: its text in the grammar, and the sequences of equal shape together. */
export interface Batch {
  readonly text: string;
  readonly groups: readonly BatchGroup[];
}

/** A number of the grammar; `k` means 1,024. */
const count = "(0|[1-9]\\d*)(k?)";
const part = new RegExp(`^([1-9]\\d*|0)?q${count}(?:s${count})?$`);

/**
 * Reads the batch grammar of vLLM's attention benchmarks: `(<n>)q<queries>(k)(s<keys>(k))`, joined by `_`. `q2k` is a
 * prefill of 2,048 tokens, `8q1s1k` eight decode steps over 1,024 keys each, `q1ks2k` the second half of a prefill in
 * chunks, `2q2k_32q1s1k` two prefills and 32 decode steps. Without `s` there are as many keys as queries. Throws a
 * RangeError that names the invalid part.
 */
export function parseBatch(text: string): Batch {
  if (text.trim() === "") throw new RangeError('batch is empty, expected for example "q2k" or "8q1s1k"');
  const groups: BatchGroup[] = [];
  for (const piece of text.split("_")) {
    const group = parsePart(piece, text);
    const same = groups.findIndex(({ t, s }) => t === group.t && s === group.s);
    const before = groups[same];
    if (before) groups[same] = { ...before, count: before.count + group.count };
    else groups.push(group);
  }
  return { text: formatBatch(groups), groups };
}

function parsePart(piece: string, text: string): BatchGroup {
  const where = piece === text ? `batch "${text}"` : `batch "${text}": "${piece}"`;
  const match = part.exec(piece);
  if (!match) {
    throw new RangeError(`${where} is not of the form (<n>)q<queries>(k)(s<keys>(k)), such as q2k, 8q1s1k or q1ks2k`);
  }
  const [, n = "1", q = "", qk = "", keys, sk = ""] = match;
  const t = Number(q) * (qk ? 1024 : 1);
  const s = keys === undefined ? t : Number(keys) * (sk ? 1024 : 1);
  for (const [name, value] of Object.entries({ sequences: Number(n), queries: t, keys: s })) {
    if (value === 0) throw new RangeError(`${where} has 0 ${name}, expected 1 or more`);
    if (value > 2 ** 30) throw new RangeError(`${where} has ${value} ${name}, expected at most ${2 ** 30}`);
  }
  return { count: Number(n), t, s };
}

/** The groups in the grammar's shortest form. */
export function formatBatch(groups: readonly BatchGroup[]): string {
  const short = (value: number) => (value % 1024 === 0 ? `${value / 1024}k` : String(value));
  return groups
    .map(({ count, t, s }) => `${count === 1 ? "" : count}q${short(t)}${s === t ? "" : `s${short(s)}`}`)
    .join("_");
}

/** A number with `k` for 1,024, as in the grammar, `least` or more. Throws a RangeError. */
export function parseLength(text: string, name: string, least = 1): number {
  const [, digits, k] = new RegExp(`^${count}$`).exec(text) ?? [];
  const value = digits === undefined ? Number.NaN : Number(digits) * (k ? 1024 : 1);
  if (value >= least && value <= 2 ** 30) return value;
  throw new RangeError(`${name} is "${text}", expected a count of ${least} or more, such as 512 or 16k`);
}

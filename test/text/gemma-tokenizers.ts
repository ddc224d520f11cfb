// Tokenizers built as those of Gemma 2 and 3 are, with few tokens: SentencePiece's pairs with bytes for what has no
// token, no space in front of a text, and tokens that users defined for runs of line breaks, spaces and tabs, and for
// tags.
import { byteToken, type TokenizerFile } from "./example-tokenizers.ts";

const learnt = `In the beginning the cat sat on the mat, and then the other cat sat there too. Hätten die Katzen das
gewusst? Théâtre, naïve, 日本語の文 and the rest: there is nothing there that the cats had not seen before, other than the
mat. "The weather," said the mother, "is neither here nor there." return (a + b) * c; if (x == 12) { then = there[3]; }`;

/** Pairs in the order in which byte-pair encoding merges them, of words that begin with ▁ (Sennrich et al. 2016). */
function mergesOf(text: string, count: number): [string, string][] {
  const words = text.split(/(?=[ \n])/).map((word) => [...word.replaceAll(/[ \n]/g, "▁")]);
  const merges: [string, string][] = [];
  while (merges.length < count) {
    const counts = new Map<string, { pair: [string, string]; times: number }>();
    for (const word of words) {
      for (let i = 0; i + 1 < word.length; i++) {
        const pair: [string, string] = [word[i] ?? "", word[i + 1] ?? ""];
        const known = counts.get(pair.join(" ")) ?? { pair, times: 0 };
        known.times++;
        counts.set(pair.join(" "), known);
      }
    }
    const [best] = [...counts.values()].toSorted((a, b) => b.times - a.times);
    if (!best) break;
    const [left, right] = best.pair;
    merges.push(best.pair);
    for (const word of words) {
      for (let i = 0; i + 1 < word.length; i++) {
        if (word[i] === left && word[i + 1] === right) word.splice(i, 2, left + right);
      }
    }
  }
  return merges;
}

const longestRun = 5;
const runsOf = (character: string, from: number) =>
  Array.from({ length: longestRun - from + 1 }, (_, i) => character.repeat(from + i));

/** Merges of runs: the longest first, and of those the one whose left side is the longest. */
const runMerges = ["\n", "▁", "\t"].flatMap((character) =>
  Array.from({ length: longestRun - 1 }, (_, i) => longestRun - i).flatMap((length) =>
    Array.from({ length: length - 1 }, (_, i): [string, string] => [
      character.repeat(length - 1 - i),
      character.repeat(i + 1),
    ]),
  ),
);

const control = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"];
const turns = ["<start_of_turn>", "<end_of_turn>"];

/** The `tokenizer.json` of a small model of Gemma 2 or 3. */
export function gemmaTokenizer(version: 2 | 3): TokenizerFile {
  const merges = [...runMerges, ...mergesOf(learnt, 160)];
  const users = [
    ...["[multimodal]", "<unused0>", "<unused1>"],
    ...[...runsOf("\n", 1), ...runsOf("▁", 2)],
    ...["<table>", "</table>", "<h1>", "</h1>"],
  ];
  const characters = new Set([..."▁\t", ...learnt.replaceAll(/[ \n]/g, "")]);
  const tokens = new Set([
    ...[...control, ...users.slice(0, 3), ...turns, ...users.slice(3)],
    ...Array.from({ length: 256 }, (_, byte) => byteToken(byte)),
    ...merges.map((pair) => pair.join("")),
    ...characters,
  ]);
  const vocab = Object.fromEntries([...tokens].map((token, id) => [token, id]));
  const added = [...control, ...turns, ...users].map((content) => ({
    id: vocab[content],
    content,
    special: control.includes(content) || turns.includes(content),
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
  }));
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added.toSorted((a, b) => Number(a.id) - Number(b.id)),
    normalizer: { type: "Replace", pattern: { String: " " }, content: "▁" },
    pre_tokenizer:
      version === 2 ? null : { type: "Split", pattern: { String: " " }, behavior: "MergedWithPrevious", invert: false },
    post_processor: {
      type: "TemplateProcessing",
      single: [{ SpecialToken: { id: "<bos>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
      pair: [
        { SpecialToken: { id: "<bos>", type_id: 0 } },
        { Sequence: { id: "A", type_id: 0 } },
        { SpecialToken: { id: "<bos>", type_id: 1 } },
        { Sequence: { id: "B", type_id: 1 } },
      ],
      special_tokens: { "<bos>": { id: "<bos>", ids: [vocab["<bos>"]], tokens: ["<bos>"] } },
    },
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: "▁" }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
      ],
    },
    model: {
      type: "BPE",
      dropout: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      unk_token: "<unk>",
      fuse_unk: true,
      byte_fallback: true,
      ignore_merges: false,
      vocab,
      merges: version === 2 ? merges.map((pair) => pair.join(" ")) : merges,
    },
  };
}

/** Its `tokenizer_config.json`. */
export const gemmaConfig: TokenizerFile = {
  add_bos_token: true,
  add_eos_token: false,
  bos_token: "<bos>",
  eos_token: "<eos>",
  pad_token: "<pad>",
  unk_token: "<unk>",
  clean_up_tokenization_spaces: false,
  tokenizer_class: "GemmaTokenizer",
  chat_template:
    "{{ bos_token }}{% for message in messages %}{{ '<start_of_turn>' + message['role'] + '\n' + message['content'] | " +
    "trim + '<end_of_turn>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}",
};

/** Texts in which such tokenizers go wrong. */
export const gemmaTexts: readonly string[] = [
  "",
  " ",
  "the cat",
  " the cat",
  "  the   cats    there     and      here       ",
  "In the beginning\nthe cat\n\nsat\n\n\n\n\n\n\non\n the mat \n",
  "\tif (x == 12) {\n\t\tthen;\t\t\t\t\t\t}\r\n",
  "▁ ▁▁ the▁▁▁cat",
  "Théâtre naïve e\u0301 Hätten",
  "日本語の文、語彙にない漢字 鯨",
  "🐋 👩‍👩‍👧 \u{10FFFF} \u200b",
  "<bos>the<eos><unk><pad><mask>",
  "<start_of_turn>user\nthe cat<end_of_turn>\n<start_of_turn>model\n",
  "<h1>the</h1><table> <unused0><unused2>[multimodal]<0x41>",
  "1234567890 12.5 -- ''' \"\" 3 33 333",
  "\u0000\u0001\ufeffx",
  "thethethe there's neither,nor",
  "x".repeat(70),
];

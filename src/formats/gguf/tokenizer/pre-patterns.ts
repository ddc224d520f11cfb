// How texts are split before pairs are merged, by the names in GGUF files (`tokenizer.ggml.pre`).

const contraction = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const gpt2 = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;
const newlinesAndSpaces = String.raw`\s*[\r\n]+|\s+(?!\S)|\s+`;

/** Words with a preceding character, numbers of up to so many digits, punctuation with line breaks. */
const words = (digits: string, letter = String.raw`\p{L}`, letters = letter) =>
  String.raw`${contraction}|[^\r\n\p{L}\p{N}]?${letter}+|\p{N}${digits}| ?[^\s${letters}\p{N}]+[\r\n]*|${newlinesAndSpaces}`;

/** Words that end where a capital follows a lower-case letter. */
const cased = (suffix: string, digits: string) => {
  const [upper, lower] = [String.raw`[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`, String.raw`[\p{Ll}\p{Lm}\p{Lo}\p{M}]`];
  const begin = String.raw`[^\r\n\p{L}\p{N}]?`;
  const punctuation = String.raw` ?[^\s\p{L}\p{N}]+[\r\n/]*`;
  return String.raw`${begin}${upper}*${lower}+${suffix}|${begin}${upper}+${lower}*${suffix}|\p{N}${digits}|${punctuation}|${newlinesAndSpaces}`;
};

const symbols = String.raw`[\p{P}\$\+<=>\^~\|]+`;
const threeDigits = "[0-9][0-9][0-9]";

/** How a text is split, with related settings. */
interface PrePattern {
  /** Regular expressions of Oniguruma, applied one after another to the pieces. */
  readonly patterns: readonly string[];
  /** A piece that is a token stays whole, regardless of the merges. */
  readonly whole?: boolean;
  /** A text begins with the first token, unless the file says otherwise. */
  readonly begins?: boolean;
  readonly normalized?: "NFC";
}

const smollm: PrePattern = { patterns: [String.raw`\p{N}`, gpt2] };
const ofGpt2: PrePattern = { patterns: [gpt2] };
const llama3: PrePattern = { patterns: [words("{1,3}")], whole: true, begins: true };
const qwen2: PrePattern = { patterns: [words("")], normalized: "NFC" };
const deepseek3: PrePattern = {
  patterns: [
    String.raw`\p{N}{1,3}`,
    "[一-龥぀-ゟ゠-ヿ]+",
    String.raw`[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_${"`"}{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|${newlinesAndSpaces}`,
  ],
};

const table: readonly (readonly [names: readonly string[], PrePattern])[] = [
  [["gpt-2", "phi-2", "jina-es", "jina-de", "gigachat", "mellum", "modern-bert", "olmo", "mpt"], ofGpt2],
  [["llama-bpe", "llama3", "llama-v3", "falcon3", "pixtral", "lfm2"], llama3],
  [["dbrx", "smaug-bpe", "chatglm-bpe", "glm4"], { patterns: [words("{1,3}")] }],
  [["qwen2", "deepseek-r1-qwen", "hunyuan", "megrez"], qwen2],
  [["stablelm2"], { patterns: [words("")] }],
  [["qwen35"], { patterns: [words("", String.raw`[\p{L}\p{M}]`, String.raw`\p{L}\p{M}`)], normalized: "NFC" }],
  [["smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"], smollm],
  [
    ["deepseek-llm"],
    {
      patterns: [
        String.raw`[\r\n]`,
        // Letters with case; Georgian counts as caseless here.
        String.raw`\s?(?:(?![\x{10D0}-\x{10FF}])[\p{Lu}\p{Ll}\p{Lt}])+`,
        String.raw`\s?[!-/:-~！-／：-～‘-‟　-。]+`,
        String.raw`\s+$`,
        "[一-龥ࠀ-一가-퟿]+",
        String.raw`\p{N}+`,
      ],
    },
  ],
  [
    ["deepseek-coder"],
    {
      patterns: [
        String.raw`[\r\n]`,
        String.raw`\s?\p{L}+`,
        String.raw`\s?\p{P}+`,
        "[一-龥ࠀ-一가-퟿]+",
        String.raw`\p{N}`,
      ],
    },
  ],
  [["deepseek-v3", "hunyuan-dense", "joyai-llm"], deepseek3],
  [["gpt-4o", "llama4", "kanana2"], { patterns: [cased(`${contraction}?`, "{1,3}")] }],
  [["tekken"], { patterns: [cased("", "")], whole: true, begins: true }],
  [["falcon"], { patterns: [String.raw`[\p{P}\$\+<=>\^~\|${"`"}]+`, gpt2, threeDigits] }],
  [["bloom", "poro-chat", "gpt3-finnish"], { patterns: [String.raw` ?[^(\s|.,!?…。，、।۔،)]+`] }],
];

/** Ways to split texts, by name. */
export const prePatterns: ReadonlyMap<string, PrePattern> = new Map(
  table.flatMap(([names, pattern]) => names.map((name) => [name, pattern] as const)),
);

/** The way for files that name none; wrong for most newer models. */
export const unnamedPattern: PrePattern = { patterns: [symbols, gpt2, String.raw`\p{N}+`, threeDigits] };

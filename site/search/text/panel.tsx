import { useRef, useState } from "preact/hooks";
import { DropArea } from "../../shell/controls/drop-area.tsx";
import { count, counted } from "../../shell/format.ts";
import { filesOf } from "../../shell/model/dropped.ts";
import { say } from "../../shell/status.ts";
import { failure, passages, size, texts } from "../state.ts";
import { examples } from "./examples.ts";
import { type PassageSize, passageSizes } from "./passages.ts";
import { readTexts } from "./read-files.ts";

const sizeWords: Readonly<Record<PassageSize, string>> = {
  short: "short",
  medium: "medium",
  long: "long",
};

async function takeFiles(files: readonly File[]): Promise<void> {
  if (files.length === 0) return;
  try {
    const read = await readTexts(files);
    texts.value = { texts: read };
    failure.value = undefined;
    say(`${counted(read.length, "text")} taken`);
  } catch (error) {
    failure.value = { during: "texts", error };
  }
}

/** The texts: an example, pasted, dropped or picked; and the size of their passages. */
export function TextsPanel() {
  const { example, texts: given } = texts.value;
  const characters = given.reduce((sum, { text }) => sum + text.length, 0);
  const [writing, setWriting] = useState(false);
  const choose = async (name: string) => {
    setWriting(false);
    const chosen = examples.find((one) => one.name === name);
    if (!chosen) return;
    try {
      texts.value = { example: name, texts: await chosen.load() };
    } catch (error) {
      failure.value = { during: "texts", error };
    }
  };
  return (
    <section class="panel" aria-label="Texts">
      <h2>Texts</h2>
      <p class="row">
        {examples.map(({ name, title }) => (
          <button
            key={name}
            type="button"
            class="chip"
            aria-pressed={name === example}
            onClick={() => void choose(name)}
          >
            {title}
          </button>
        ))}
      </p>
      <DropPlace />
      <details open={writing} onToggle={({ currentTarget }) => setWriting(currentTarget.open)}>
        <summary>Paste a text</summary>
        <label class="field">
          <span>your text; it replaces the others</span>
          <textarea
            id="pasted"
            rows={8}
            value={example === undefined && given.length === 1 ? given[0]?.text : ""}
            onInput={({ currentTarget: { value } }) => {
              texts.value = { texts: value.trim() === "" ? [] : [{ name: "Your text", text: value }] };
            }}
          />
        </label>
      </details>
      <label class="field">
        <span>passages</span>
        <select
          value={size.value}
          onChange={({ currentTarget: { value } }) => {
            size.value = value as PassageSize;
          }}
        >
          {Object.entries(sizeWords).map(([name, words]) => (
            <option key={name} value={name}>
              {words}: to {passageSizes[name as PassageSize]} characters
            </option>
          ))}
        </select>
      </label>
      <p class="small muted" id="cut">
        {counted(given.length, "text")}, {counted(characters, "character")}
        {passages.value ? `, ${counted(passages.value.length, "passage")}` : ""}. Sentences stay whole.
      </p>
      {given.length > 1 && (
        <details>
          <summary>Names of the texts</summary>
          <ul class="small names">
            {given.map(({ name, text }, i) => (
              <li key={`${i} ${name}`}>
                {name} <span class="muted">{count(text.length)} characters</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

function DropPlace() {
  const input = useRef<HTMLInputElement>(null);
  return (
    <DropArea label="Files of texts" onDropped={(data) => void filesOf(data).then(({ files }) => takeFiles(files))}>
      <p class="row">
        <button type="button" onClick={() => input.current?.click()}>
          Pick files
        </button>
        <span class="small muted">or drop them here: .txt, .md, any text in UTF-8</span>
      </p>
      <input
        ref={input}
        type="file"
        hidden
        multiple
        aria-label="Files of texts"
        id="text-files"
        onChange={({ currentTarget }) => {
          void takeFiles([...(currentTarget.files ?? [])]);
          currentTarget.value = ""; // so that the same file can be picked again
        }}
      />
    </DropArea>
  );
}

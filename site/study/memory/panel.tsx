import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { count, counted, memory as memoryText } from "../../shell/format.ts";
import { say } from "../../shell/status.ts";
import { theme } from "../../shell/theme.ts";
import { toWrite } from "../session/actions.ts";
import { valueText } from "../session/values.ts";
import * as state from "../state.ts";
import { Term } from "../terms/term.tsx";
import { drawMemory, type Heat, heats, type MemoryPicture, scalarOfWord, valueOfWord } from "./drawing.ts";
import { type MemoryShape, shapeOf } from "./shape.ts";
import { MemoryTable } from "./table.tsx";

const heat = signal<Heat>("value");
const log = signal(false);
/** Whether workgroup memory is drawn in the order of its banks. */
const asBanks = signal(false);
const heatNames = { value: "values", reads: "reads so far", writes: "writes so far" } as const;
const spaces = { storage: "storage", workgroup: "workgroup memory", uniform: "uniform" } as const;

/** A buffer or a variable in workgroup memory: its content, or how often its words were read and written. */
export function MemoryPanel() {
  const { opened, frame } = state;
  const memories = opened.value?.memories ?? [];
  const shown = frame.value?.memory;
  const info = shown && memories[shown.index];
  return (
    <section class="panel" aria-label="Memory" id="memory" tabIndex={-1}>
      <h2>Memory</h2>
      <div class="row">
        <label class="small">
          Of{" "}
          <select
            id="memory-name"
            value={state.shownMemory.value ?? ""}
            onChange={({ currentTarget }) => {
              state.shownMemory.value = currentTarget.value || undefined;
              state.word.value = 0;
            }}
          >
            <option value="">what the statement accesses</option>
            {memories.map(({ name, space, bytes }) => (
              <option key={name} value={name}>
                {name} · {spaces[space as keyof typeof spaces] ?? space} · {memoryText(bytes)}
              </option>
            ))}
          </select>
        </label>
        <label class="small">
          Colour by{" "}
          <select
            value={heat.value}
            onChange={({ currentTarget }) => {
              heat.value = heats.find((one) => one === currentTarget.value) ?? "value";
            }}
          >
            {heats.map((name) => (
              <option key={name} value={name}>
                {heatNames[name]}
              </option>
            ))}
          </select>
        </label>
        {heat.value !== "value" && <Tick name="logarithmic" of={log} />}
        {info?.space === "workgroup" && <Tick name="as 32 banks" of={asBanks} />}
      </div>
      {info && shown && <Picture info={info} content={shown.state} index={shown.index} />}
    </section>
  );
}

function Tick({ name, of }: { name: string; of: { value: boolean } }) {
  return (
    <label class="small">
      <input
        type="checkbox"
        checked={of.value}
        onChange={({ currentTarget }) => {
          of.value = currentTarget.checked;
        }}
      />{" "}
      {name}
    </label>
  );
}

type PictureProps = { info: MemoryPicture["info"]; content: MemoryPicture["state"]; index: number };

function Picture({ info, content, index }: PictureProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  const own = shapeOf(info, state.joined.value.code, state.prepared.value?.axes ?? {});
  const words = content.bytes.byteLength >> 2;
  const shape: MemoryShape =
    asBanks.value && info.space === "workgroup" ? { columns: 32, rows: Math.ceil(words / 32), axes: own.axes } : own;
  const word = Math.min(state.word.value, Math.max(0, words - 1));
  const requests = (state.frame.value?.requests ?? []).filter(({ memory }) => memory === index);
  const picture: MemoryPicture = { info, state: content, shape, heat: heat.value, log: log.value, requests, word };
  const { value: shade } = theme;
  useEffect(() => {
    void [shade, width];
    const draw = () => canvas.current && drawMemory(canvas.current, picture);
    draw();
    const system = matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", draw);
    return () => system.removeEventListener("change", draw);
  });
  useEffect(() => {
    const frame = canvas.current?.parentElement;
    if (!frame) return;
    const sized = new ResizeObserver(([entry]) => setWidth(entry?.contentRect.width ?? 0));
    sized.observe(frame);
    return () => sized.disconnect();
  }, []);
  const pick = (next: number) => {
    state.word.value = Math.max(0, Math.min(words - 1, next));
  };
  const walk = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -shape.columns, ArrowDown: shape.columns }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    pick(word + by);
    say(describe(picture, state.word.value));
  };
  const press = ({ offsetX, offsetY }: PointerEvent) => {
    const side = (canvas.current?.clientWidth ?? 1) / shape.columns;
    pick(Math.floor(offsetY / side) * shape.columns + Math.floor(offsetX / side));
  };
  const title = `${info.name}: ${counted(shape.rows, "row")} of ${counted(shape.columns, "word")}`;
  return (
    <>
      <p class="small">
        <code>
          {info.name}: {info.type}
        </code>
        {own.axes && ` [${own.axes}]`}, drawn as {count(shape.rows)} × {count(shape.columns)} words
        {info.space === "storage" ? (
          <>
            ; marks are <Term name="sector">sectors</Term>
          </>
        ) : null}
        . Outlined: what this statement reads (dark) or writes (red).
      </p>
      <div class="memory-frame">
        <canvas
          ref={canvas}
          role="img"
          tabIndex={0}
          aria-label={`${title}. Arrow keys read the words.`}
          onKeyDown={walk}
          onPointerDown={press}
        />
      </div>
      <p class="small" id="word-detail">
        {describe(picture, word)}{" "}
        <button type="button" onClick={toWrite}>
          Go to its last write
        </button>
      </p>
      <MemoryTable picture={picture} />
    </>
  );
}

/** A word in a sentence. */
function describe({ info, state: content, shape }: MemoryPicture, word: number): string {
  const isUntouched = info.writable && (content.writes[word] ?? 0) === 0;
  const held = valueText(valueOfWord(info, content, word), scalarOfWord(info, word));
  const value = isUntouched && held === "NaN" ? "nothing written yet (NaN)" : held;
  const place = `(${Math.floor(word / shape.columns)}, ${word % shape.columns})`;
  const bank = info.space === "workgroup" ? `, bank ${word % 32}` : "";
  const [reads, writes] = [content.reads[word] ?? 0, content.writes[word] ?? 0];
  return `Word ${word}, at ${place}${bank}: ${value}. Read ${count(reads)}×, written ${count(writes)}× so far.`;
}

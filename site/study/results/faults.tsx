import { device } from "../../shell/device/device.ts";
import { counted, digits } from "../../shell/format.ts";
import { sentence } from "../../shell/trouble/sentence.ts";
import { runTo, toStep } from "../session/actions.ts";
import * as state from "../state.ts";
import { Term } from "../terms/term.tsx";
import type { OtherOrders, RunReport } from "../worker/protocol.ts";
import { SourceLine } from "./source-line.tsx";

/** Cards are drawn for so many faults of each kind; the rest are counted. */
const mostCards = 32;

/** What goes wrong in the workgroup under the lens: each fault once for each line, with the way there. */
export function FaultsPanel() {
  const all = state.progress.value?.marks.faults ?? [];
  const faults = all.filter(({ kind }) => kind !== "race"); // the report has those, with both lines
  const byPlace = new Map<string, { step: number; line: number; kind: string; message: string; times: number }>();
  for (const fault of faults) {
    const key = `${fault.kind} ${fault.line}`;
    const known = byPlace.get(key);
    if (known) known.times++;
    else byPlace.set(key, { ...fault, times: 1 });
  }
  const cards = [...byPlace.values()];
  const { races = [], notes = [], outOfBounds = [], divergence = [], hints = [] } = state.report.value ?? {};
  const mayRefuse = device.value.kind === "ready" ? [] : hints; // a browser with a GPU says itself what it refuses
  const isShown = (kind: string) => cards.some((card) => card.kind === kind);
  const elsewhere = [
    ...outOfBounds
      .filter(({ line }) => !byPlace.has(`out-of-bounds ${line}`))
      .map(({ line }) => ({ line, what: "Access out of bounds in another workgroup" })),
    ...(isShown("divergence") ? [] : divergence).map(({ line }) => ({
      line,
      what: "A barrier that not all threads of another workgroup reach",
    })),
  ];
  const hidden = Math.max(0, cards.length - mostCards) + Math.max(0, races.length - mostCards);
  const isNone = cards.length + races.length + elsewhere.length === 0;
  return (
    <section class="panel" aria-label="Faults" id="faults">
      <h2>Faults</h2>
      {isNone && (
        <p class="small" id="no-faults">
          {state.report.value ? (
            <>
              None: no access <Term name="out of bounds" />, no <Term name="race" />, and all threads meet at each
              barrier.
            </>
          ) : (
            state.waitingFor("Still running.")
          )}
        </p>
      )}
      {cards.slice(0, mostCards).map(({ step, line, kind, message, times }) => (
        <article class="fault" key={`${kind} ${line}`}>
          <h3>{kind === "out-of-bounds" ? "Access out of bounds" : message}</h3>
          <SourceLine line={line} />
          <p class="row small">
            {times > 1 && `${counted(times, "time")}. `}
            <button type="button" onClick={() => toStep(step)}>
              Go to step {step}
            </button>
          </p>
        </article>
      ))}
      {races.slice(0, mostCards).map((race) => (
        <RaceCard key={`${race.kind} ${race.lines.join()} ${race.between}`} race={race} />
      ))}
      {state.orders.value && <Orders orders={state.orders.value} />}
      {elsewhere.map(({ line, what }) => (
        <article class="fault" key={`${line} ${what}`}>
          <h3>{what}</h3>
          <SourceLine line={line} />
        </article>
      ))}
      {notes.map(({ kind, lines, name }) => (
        <article class="fault note" key={`${kind} ${lines.join()}`}>
          <h3>
            {kind === "order"
              ? `What ${name} holds depends on the order of atomic functions`
              : `Two threads write halves of one word of ${name}: a device may tear it`}
          </h3>
          <p class="small">No fault, where the result does not depend on it.</p>
          <Pair lines={lines} />
        </article>
      ))}
      {mayRefuse.map(({ line, message }) => (
        <article class="fault note" key={`${line} ${message}`}>
          <h3>{sentence(message)}</h3>
          <SourceLine line={line} />
        </article>
      ))}
      {hidden > 0 && <p class="small">And {hidden} more.</p>}
    </section>
  );
}

const raceWords = {
  "write-write": "Race: two threads write the same word",
  "read-write": "Race: one thread writes what another reads",
  "wrong-barrier": "Race: the barrier between them is for the other memory",
} as const;

/** What comes of races in other orders. */
function Orders({ orders: { runs, differing, failure } }: { orders: OtherOrders }) {
  if (failure) {
    return (
      <p class="small" id="orders">
        Random order {runs} of threads and workgroups ends without a result: {sentence(failure)}
      </p>
    );
  }
  if (!differing) {
    return (
      <p class="small" id="orders">
        {counted(runs, "random order")} of threads and workgroups leave the same bits as this one.
      </p>
    );
  }
  const { name, count: values, index, values: both } = differing;
  return (
    <p class="small" id="orders">
      Random order {runs} of threads and workgroups leaves other results: {counted(values, "value")} of{" "}
      <code>{name}</code>, such as element {index}, which is {digits(both[1])} instead of {digits(both[0])}.
    </p>
  );
}

/** Two accesses that nothing orders. */
function RaceCard({ race }: { race: RunReport["races"][number] }) {
  const { kind, between, name, byte, parties, workgroup, count: times, lines } = race;
  const who = between === "lanes" ? "Threads" : "Workgroups";
  const names = between === "lanes" ? parties.map(state.threadOf) : parties;
  const where = between === "lanes" ? ` of workgroup ${workgroup.join(", ")}` : "";
  const remedy =
    between === "lanes"
      ? "A barrier between the two lines would order them."
      : "Nothing orders workgroups of one dispatch: give each its own words, or use atomic functions.";
  return (
    <article class="fault" data-race={kind}>
      <h3>{raceWords[kind]}</h3>
      <p class="small">
        {who} {names.join(" and ")}
        {where} access byte {byte} of <code>{name}</code>
        {times > 1 ? `, and ${counted(times - 1, "more pair")} like that` : ""}. {remedy}
      </p>
      <Pair lines={lines} />
      {between === "lanes" && (
        <p class="row small">
          {[...new Set(lines)].map((line) => (
            <button key={line} type="button" onClick={() => runTo(line, workgroup, parties)}>
              Go to line {state.placeOf(line)?.line}
            </button>
          ))}
        </p>
      )}
    </article>
  );
}

function Pair({ lines: [first, second] }: { lines: readonly [number, number] }) {
  return (
    <div class="pair">
      <SourceLine line={first} />
      {second !== first && <SourceLine line={second} />}
    </div>
  );
}

import type { Request } from "../../../src/wgsl/run/step/types.ts";
import { counted, digits } from "../../shell/format.ts";
import * as state from "../state.ts";
import { Term } from "../terms/term.tsx";
import type { Opened } from "../worker/protocol.ts";
import { bankFigures, highExcess, sectorBytes, storageFigures } from "./figures.ts";

/** What the statement at which the run stands requests from memory: a picture of threads and sectors, or banks. */
export function AccessPanel() {
  const { opened, frame } = state;
  const requests = frame.value?.requests ?? [];
  return (
    <section class="panel" aria-label="Accesses of this statement" id="accesses">
      <h2>What this statement requests</h2>
      {requests.length === 0 && (
        <p class="small muted">
          Nothing in memory. Step on to a load or a store: here its <Term name="request">requests</Term> are drawn.
        </p>
      )}
      {opened.value && requests.map((request, i) => <Card key={i} request={request} opened={opened.value as Opened} />)}
    </section>
  );
}

const verbs = { load: "reads", store: "writes", atomic: "updates" } as const;

function Card({ request, opened }: { request: Request; opened: Opened }) {
  const memory = opened.memories[request.memory];
  if (!memory) return null;
  return (
    <div class={`access ${request.kind}`}>
      <h3>
        {counted(request.lanes.length, "thread")} {verbs[request.kind]} <code>{memory.name}</code>, {request.bytes}{" "}
        bytes{request.lanes.length > 1 && " each"}
      </h3>
      {memory.space === "uniform" && <p class="small">A uniform: the same for all threads, from a cache of its own.</p>}
      {memory.space === "storage" && <Sectors request={request} />}
      {memory.space === "workgroup" && <Banks request={request} opened={opened} />}
    </div>
  );
}

/** The hue of a sector: neighbours differ. */
const hue = (sector: number) => `seg-${sector % 5}`;

function Sectors({ request }: { request: Request }) {
  const { asked, unique, sectors, best, excess, outOfBounds } = storageFigures(request);
  return (
    <>
      <p class="small">
        <Term name="requested" /> {asked} bytes, {unique} of them different, in {counted(sectors.length, "sector")} of{" "}
        {sectorBytes} bytes (best {best}): <Term name="excess" /> <strong>{digits(excess)}</strong>.{" "}
        {excess > highExcess ? (
          <>
            {digits((sectors.length * sectorBytes) / Math.max(1, unique))} times the bytes that are used are moved (
            <Term name="coalescing" />
            ).
          </>
        ) : (
          request.lanes.length > 1 && "Neighbours share sectors."
        )}
      </p>
      {outOfBounds > 0 && (
        <p class="problem">
          {counted(outOfBounds, "thread")} <Term name="out of bounds" />.
        </p>
      )}
      <Boxes
        request={request}
        name={`Sectors of ${counted(request.lanes.length, "thread")}`}
        kindOf={(address) => (address < 0 ? "outside" : hue(Math.floor(address / sectorBytes)))}
        textOf={(address) => (address < 0 ? "out" : String(Math.floor(address / sectorBytes)))}
      />
    </>
  );
}

function Banks({ request, opened }: { request: Request; opened: Opened }) {
  const { phases, cycles, ways, clash } = bankFigures(request, opened.subgroupSize);
  return (
    <>
      <p class="small">
        <Term name="bank">Banks</Term>: {counted(cycles, "turn")} (best {phases}), <strong>{ways}-way</strong>.{" "}
        {clash
          ? `Threads ${clash.lanes.map(state.threadOf).join(" and ")} access different words of bank ${clash.bank}.`
          : "No two threads access different words of one bank."}
      </p>
      <Boxes
        request={request}
        name={`Banks of ${counted(request.lanes.length, "thread")}`}
        kindOf={(address) => (address < 0 ? "outside" : hue((address >> 2) % 32))}
        textOf={(address) => (address < 0 ? "out" : String((address >> 2) % 32))}
      />
    </>
  );
}

interface BoxesProps {
  readonly request: Request;
  readonly name: string;
  readonly kindOf: (address: number) => string;
  readonly textOf: (address: number) => string;
}

/** A box for each thread, with the number of the sector or the bank that it touches first. */
function Boxes({ request, name, kindOf, textOf }: BoxesProps) {
  return (
    <ol class="boxes" aria-label={name}>
      {Array.from(request.lanes, (lane, i) => {
        const address = request.addresses[i] ?? -1;
        return (
          <li
            key={lane}
            class={kindOf(address)}
            title={`thread ${state.threadOf(lane)}: byte ${address < 0 ? "out of bounds" : address}`}
          >
            {textOf(address)}
          </li>
        );
      })}
    </ol>
  );
}

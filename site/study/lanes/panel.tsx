import { laneStatuses } from "../../../src/wgsl/run/step/types.ts";
import { counted } from "../../shell/format.ts";
import { rangeOf, valueText } from "../session/values.ts";
import * as state from "../state.ts";
import { Term } from "../terms/term.tsx";
import type { Frame, Opened } from "../worker/protocol.ts";
import { WatchList } from "./watch-list.tsx";

const signs = { active: "", waiting: "…", barrier: "‖", returned: "×" } as const;
const says = {
  active: "active",
  waiting: "waits: it took another branch",
  barrier: "waits at a barrier",
  returned: "has returned",
} as const;

/** The threads of the workgroup, a block for each subgroup: what each does, and its value of the shown watch. */
export function LanesPanel() {
  const [opened, frame] = [state.opened.value, state.frame.value];
  return (
    <section class="panel" aria-label="Threads">
      <h2>
        Threads of the <Term name="workgroup" />
      </h2>
      <WatchList />
      {opened && frame && <Strands opened={opened} frame={frame} />}
    </section>
  );
}

function Strands({ opened, frame }: { opened: Opened; frame: Frame }) {
  const watched = frame.watched[state.shownWatch.value];
  const values = watched && "values" in watched ? watched : undefined;
  const firsts = values && Float64Array.from({ length: opened.width }, (_, lane) => firstOf(values, lane));
  const range = firsts && rangeOf(firsts);
  const laneOf = (lane: number): LaneProps => ({
    lane,
    status: laneStatuses[frame.lanes.status[lane] ?? 0] ?? "active",
    rejoins: frame.lanes.rejoins[lane] ?? 0,
    text: firsts && values ? valueText(firsts[lane] ?? 0, values.scalars[0]?.scalar ?? "f32") : "",
    share: shareOf(firsts?.[lane], range),
  });
  return (
    <>
      {opened.strands.map(({ first, end }, i) => {
        const isShown = i === frame.strand;
        const lanes = Array.from({ length: end - first }, (_, j) => laneOf(first + j));
        return (
          <div class={`strand${isShown ? " shown" : ""}`} key={first}>
            <StrandHead index={i} first={first} frame={frame} isShown={isShown} />
            {isShown ? (
              <ol class="lanes" aria-label={`Threads of subgroup ${i}`}>
                {lanes.map((lane) => (
                  <Lane key={lane.lane} {...lane} />
                ))}
              </ol>
            ) : (
              <div class="mini" aria-hidden="true">
                {lanes.map(({ lane, status, share }) => (
                  <span key={lane} class={`lane ${status}`} style={shareStyle(share)} />
                ))}
              </div>
            )}
          </div>
        );
      })}
      <Detail frame={frame} />
    </>
  );
}

/** What a subgroup does, with the button that shows its threads. */
function StrandHead({
  index,
  first,
  frame,
  isShown,
}: {
  index: number;
  first: number;
  frame: Frame;
  isShown: boolean;
}) {
  const place = frame.where.strands[index];
  const at = place && state.placeOf(place.place.line);
  const line = at ? `line ${at.line}${at.file === state.study.value.kernel ? "" : ` of ${at.file}`}` : "";
  const status = { ready: `at ${line}`, barrier: `waits at the barrier in ${line}`, ended: "has ended" };
  const show = () => {
    [state.strand.value, state.lane.value] = [index, first];
  };
  return (
    <p class="small strand-head">
      <button type="button" aria-pressed={isShown} onClick={show}>
        Subgroup {index}
      </button>{" "}
      {place && status[place.status]}, {counted(place?.activeLanes ?? 0, "thread")} active
      {index === frame.where.next && " · next to run"}
    </p>
  );
}

/** Where a value lies between the smallest and the largest, from 0 to 1; undefined without a value. */
function shareOf(value: number | undefined, range: readonly [number, number] | undefined): number | undefined {
  if (value === undefined || range === undefined || !Number.isFinite(value)) return undefined;
  return range[1] > range[0] ? (value - range[0]) / (range[1] - range[0]) : 0;
}

const shareStyle = (share: number | undefined) =>
  share === undefined ? undefined : `--share: ${Math.round(share * 40)}%`;

/** The first scalar of a thread's value. */
const firstOf = ({ scalars, values }: { scalars: readonly unknown[]; values: Float64Array }, lane: number): number =>
  values[lane * scalars.length] ?? 0;

interface LaneProps {
  readonly lane: number;
  readonly status: keyof typeof signs;
  /** The line of the joined text at which a waiting thread goes on; 0 for others. */
  readonly rejoins: number;
  /** Its value; empty where nothing is watched. */
  readonly text: string;
  readonly share: number | undefined;
}

function Lane({ lane, status, rejoins, text, share }: LaneProps) {
  const place = rejoins > 0 ? state.placeOf(rejoins) : undefined;
  const detail = place ? `${says[status]}, goes on in line ${place.line}` : says[status];
  const words = `hread ${state.threadOf(lane)}: ${detail}${text === "" ? "" : `, ${text}`}`;
  return (
    <li class={`lane ${status}${lane === state.lane.value ? " picked" : ""}`} style={shareStyle(share)}>
      <button
        type="button"
        title={`t${words}`}
        tabIndex={lane === state.lane.value ? 0 : -1}
        aria-label={`T${words}`}
        onClick={() => {
          state.lane.value = lane;
        }}
        onKeyDown={walk}
      >
        {text === "" ? signs[status] || state.threadOf(lane) : `${text}${signs[status]}`}
      </button>
    </li>
  );
}

const steps: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -8, ArrowDown: 8 };

/** Arrow keys go from thread to thread. */
function walk(event: KeyboardEvent): void {
  const by = steps[event.key];
  const shown = state.opened.value?.strands[state.frame.value?.strand ?? 0];
  if (by === undefined || !shown) return;
  event.preventDefault();
  const lane = Math.max(shown.first, Math.min(shown.end - 1, state.lane.value + by));
  state.lane.value = lane;
  const list = (event.currentTarget as HTMLElement).closest(".lanes");
  list?.querySelectorAll<HTMLElement>("button")[lane - shown.first]?.focus();
}

/** The chosen thread, in words. */
function Detail({ frame }: { frame: Frame }) {
  const { lane, opened } = state;
  const shown = Math.min(lane.value, (opened.value?.width ?? 1) - 1);
  const status = laneStatuses[frame.lanes.status[shown] ?? 0] ?? "active";
  const now = state.threadOf(shown);
  const [x = 1, y = 1] = opened.value?.workgroupSize ?? [];
  return (
    <p class="small muted" id="thread-detail">
      <Term name="thread" /> {now} of the workgroup, at ({now % x}, {Math.floor(now / x) % y}, {Math.floor(now / x / y)}
      ), {says[status]}. Signs: ‖ waits at a barrier, × has returned, … took another branch: <Term name="divergence" />{" "}
      within the <Term name="subgroup" /> that a row of blocks shows.
    </p>
  );
}

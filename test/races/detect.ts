// detectRaces of wgsl_reflect 1.6 with two of its methods replaced. It advances the invocations of a workgroup in turns,
// a command each, but keeps the value that a called function returned in the syntax tree, where the next invocation
// overwrites it before it is used. So here each invocation goes on until its next barrier: the accesses between two
// barriers, which is what races are looked for in, are the same. And it compares every access of a phase with every
// other, which takes hours for a matrix product; here accesses meet in a table by address.
import { detectRaces, MemoryTracker, type RaceReport, WorkgroupScheduler } from "wgsl_reflect/wgsl_reflect.module.js";

interface Access {
  readonly bufferId: string;
  readonly offset: number;
  readonly size: number;
  readonly kind: "read" | "write";
  readonly atomic: boolean;
  readonly invocation: number;
  readonly line: number;
}

interface Invocation {
  state: number;
  barrierNode: unknown;
  readonly index: number;
  readonly stack: unknown;
}

interface Scheduler {
  readonly _invocations: Invocation[];
  readonly _tracker: MemoryTracker;
  readonly _debug: { stepStack(stack: unknown, all: boolean): void };
  readonly errors: string[];
  _peek(invocation: Invocation): { readonly line: number } | null;
  _asBarrier(command: unknown): unknown;
  _syncBarrier(parked: Invocation[]): void;
}

const [running, atBarrier, done] = [0, 1, 2];
const mostSteps = 20_000_000;

WorkgroupScheduler.prototype.run = function (this: unknown) {
  const scheduler = this as Scheduler;
  let steps = 0;
  for (;;) {
    for (const invocation of scheduler._invocations) {
      while (invocation.state === running) {
        const command = scheduler._peek(invocation);
        const barrier = command && scheduler._asBarrier(command);
        if (!command) invocation.state = done;
        else if (barrier) {
          invocation.state = atBarrier;
          invocation.barrierNode = barrier;
        } else {
          scheduler._tracker.currentInvocation = invocation.index;
          scheduler._tracker.currentLine = command.line;
          scheduler._debug.stepStack(invocation.stack, true);
        }
        if (++steps > mostSteps) throw new Error(`more than ${mostSteps} steps`);
      }
    }
    const parked = scheduler._invocations.filter(({ state }) => state === atBarrier);
    if (parked.length === 0) break;
    scheduler._syncBarrier(parked);
  }
  scheduler._tracker.endPhase();
};

const tracker = MemoryTracker.prototype as unknown as { _checkPhase: (this: unknown) => void };
tracker._checkPhase = function () {
  const { _phase: phase, races } = this as { readonly _phase: readonly Access[]; readonly races: RaceReport[] };
  const words = new Map<string, { write?: Access; read?: Access; shared: boolean }>();
  for (const access of phase) {
    for (let word = access.offset - (access.offset % 4); word < access.offset + access.size; word += 4) {
      const key = `${access.bufferId} ${word}`;
      const known = words.get(key) ?? { shared: false };
      words.set(key, known);
      const { write, read } = known;
      const conflict = (other: Access | undefined) =>
        other && other.invocation !== access.invocation && !(other.atomic && access.atomic) ? other : undefined;
      // Of the readers so far one is kept, and whether there was another: a write by any but the only reader conflicts.
      const rival =
        conflict(write) ??
        (access.kind === "write" ? (known.shared && read && !read.atomic ? read : conflict(read)) : undefined);
      if (rival) races.push({ bufferId: access.bufferId, byte: word, a: rival, b: access, message: told(access, rival) });
      if (access.kind === "write") known.write = access;
      else {
        if (read && read.invocation !== access.invocation) known.shared = true;
        known.read = access;
      }
    }
  }
};

const told = (a: Access, b: Access) =>
  `${a.bufferId}: thread ${b.invocation} (${b.kind}) and thread ${a.invocation} (${a.kind}) meet without a barrier`;

/** Memory by group and binding: an array buffer for storage, `{ uniform }` for uniforms. */
export type Bindings = Record<string, Record<string, ArrayBuffer | { readonly uniform: ArrayBuffer }>>;

/** Runs `main` of an interpretable shader over a grid, on this memory, and says what races there are. */
export function interpret(code: string, grid: readonly number[], bindings: Bindings): readonly string[] {
  const { races, errors } = detectRaces(code, "main", [...grid], bindings);
  return [...races.map(({ message }) => message), ...errors];
}

import type { LanguageModel } from "../../generate/language-model.ts";
import { DecoderPrograms, type RecordedProgram } from "../../generate/session/programs.ts";
import type { Program } from "../../gpu/gpu.ts";
import type { Dispatch } from "../../gpu/program/dispatch.ts";
import { observe, whyChosen } from "../../tune/why-chosen.ts";
import type { ProgramTimes } from "./profile.ts";

/** One dispatch of one shader. Bytes are those of `Cost`; times in nanoseconds. */
export interface DispatchReport {
  readonly kernel: string;
  readonly parts: readonly string[];
  /** Constants and type aliases of the shader in this dispatch. */
  readonly constants: Readonly<Record<string, string>>;
  readonly tensors: readonly { name: string; access: string; shape: readonly number[]; bytes: number }[];
  /** Scalars by uniform struct. */
  readonly uniforms: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly workgroupSize: readonly number[];
  readonly workgroups: readonly number[];
  readonly flops: number;
  readonly executedFlops?: number;
  readonly compulsoryBytes: number;
  readonly requestedBytes?: number;
  readonly nanoseconds?: number;
}

/** One use of an op with the dispatches that do it. */
export interface CallReport {
  readonly op: string;
  readonly variant: string;
  /** Why it has this variant, if the op has several. */
  readonly why?: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** The call whose gradient it computes, by its index in the list. */
  readonly of?: number;
  /** The call that it recomputes. */
  readonly again?: number;
  readonly dispatches: readonly DispatchReport[];
}

/** All calls of a program, with totals. */
export interface ProgramReport {
  readonly tokens: number;
  readonly calls: readonly CallReport[];
  readonly dispatches: number;
  readonly pipelines: number;
  readonly flops: number;
  readonly compulsoryBytes: number;
  readonly temporaryBytes: number;
  readonly nanoseconds?: number;
}

/** Reports on the prefill of `tokens` tokens in one chunk, and on the greedy decode step that follows. */
export function programReports(
  { programs, decoder }: LanguageModel,
  tokens: number,
  times?: ProgramTimes,
): { prefill: ProgramReport; decode: ProgramReport } {
  // Recorded again, to see the calls.
  const own = new DecoderPrograms(decoder, programs.capacity, programs.cache);
  const { gpu } = decoder;
  const reasoned = (
    record: () => RecordedProgram<unknown>,
    tokens: number,
    nanoseconds: readonly number[] | undefined,
  ) => {
    const { result, calls } = observe(gpu, record);
    return programReport(result.program, whyChosen(gpu, result.program.calls, calls), tokens, nanoseconds);
  };
  try {
    const greedy = { penalties: false, logprobs: 0 };
    return {
      prefill: reasoned(() => own.prefill(tokens, own.visible(tokens), "last"), tokens, times?.prefill),
      decode: reasoned(() => own.decode(1, own.visible(tokens + 1), greedy), 1, times?.decode),
    };
  } finally {
    own.dispose();
  }
}

/** The calls, costs and memory of a recorded program. `reasons` and `times` are by call and by dispatch. */
export function programReport(
  program: Program<unknown>,
  reasons: readonly (string | undefined)[],
  tokens: number,
  times?: readonly number[],
): ProgramReport {
  let index = 0;
  const placeOf = new Map(program.calls.map((call, at) => [call, at]));
  const calls = program.calls.map((call, at): CallReport => {
    const { op, variant, options, dispatches } = call;
    const reports = dispatches.map((dispatch) => dispatchReport(dispatch, times?.[index++]));
    const why = reasons[at];
    const [of, again] = [call.of, call.again].map((other) => other && placeOf.get(other));
    return {
      op,
      variant,
      ...(why !== undefined && { why }),
      options: plain(options),
      ...(of !== undefined && { of }),
      ...(again !== undefined && { again }),
      dispatches: reports,
    };
  });
  const { dispatches } = program;
  const sum = (value: (dispatch: Dispatch) => number) => dispatches.reduce((total, each) => total + value(each), 0);
  return {
    tokens,
    calls,
    dispatches: dispatches.length,
    pipelines: new Set(dispatches.map(({ shader }) => shader.code)).size,
    flops: sum(({ cost }) => cost.flops),
    compulsoryBytes: sum(({ cost }) => cost.compulsoryBytes),
    temporaryBytes: program.temporaryBytes,
    ...(times && { nanoseconds: times.reduce((total, time) => total + time, 0) }),
  };
}

function dispatchReport(dispatch: Dispatch, nanoseconds: number | undefined): DispatchReport {
  const { kernel, shader, bindings, uniforms, workgroups, cost } = dispatch;
  const { constants, aliases, workgroupSize } = shader.declarations;
  return {
    kernel,
    parts: shader.parts,
    constants: Object.fromEntries([...aliases, ...constants]),
    tensors: bindings.map(({ name, access, shape, bytes }) => ({ name, access, shape, bytes })),
    uniforms: Object.fromEntries(uniforms.map(({ name, values }) => [name, values])),
    workgroupSize,
    workgroups,
    ...cost,
    ...(nanoseconds !== undefined && { nanoseconds }),
  };
}

/** Options without tensors, which have no useful text. */
function plain(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const isPlain = (value: unknown) =>
    typeof value !== "object" ||
    value === null ||
    Array.isArray(value) ||
    Object.getPrototypeOf(value) === Object.prototype;
  return Object.fromEntries(
    Object.entries(options).filter(([name, value]) => name !== "into" && value !== undefined && isPlain(value)),
  );
}

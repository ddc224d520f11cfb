// Subgroup and quad functions for subgroups of several sizes, all lanes active and some of them.
import { describe, expect, test } from "vitest";
import { forLanes, resultsOf, runBoth } from "./run-text.ts";

const sizes = [4, 8, 32, 128];

/** The lanes of a lane's subgroup that are active, in order. */
const membersOf = (lane: number, size: number, isActive: (lane: number) => boolean, lanes = 64): number[] => {
  const first = lane - (lane % size);
  return Array.from({ length: size }, (_, i) => first + i).filter((one) => one < lanes && isActive(one));
};

const value = (lane: number) => (Math.imul(lane, 2654435761) >>> 7) % 1000;
const helpers = "fn value(lane: u32) -> u32 { return ((lane * 2654435761u) >> 7) % 1000; }";

describe.each(sizes)("subgroups of %i", (subgroupSize) => {
  /** The body for lanes of which some are active. */
  const check = (
    expression: string,
    expected: (lane: number, members: readonly number[], size: number) => number,
    condition = "lane % 3 != 1",
    isActive = (lane: number) => lane % 3 !== 1,
  ) => {
    const body = `let x = value(lane); let y = vec2u(x, lane); if ${condition} { result = ${expression}; } else { result = 9; }`;
    expect(resultsOf(body, helpers, { subgroupSize }), expression).toEqual(
      forLanes((lane) => (isActive(lane) ? expected(lane, membersOf(lane, subgroupSize, isActive), subgroupSize) : 9)),
    );
    const all = `let x = value(lane); let y = vec2u(x, lane); result = ${expression};`;
    expect(resultsOf(all, helpers, { subgroupSize }), expression).toEqual(
      forLanes((lane) =>
        expected(
          lane,
          membersOf(lane, subgroupSize, () => true),
          subgroupSize,
        ),
      ),
    );
  };
  const sum = (lanes: readonly number[]) => lanes.reduce((total, lane) => total + value(lane), 0);

  test("reductions and scans", () => {
    check("subgroupAdd(x)", (_, members) => sum(members));
    check("subgroupAdd(y).y", (_, members) => members.reduce((total, lane) => total + lane, 0));
    check("subgroupMax(x)", (_, members) => Math.max(...members.map(value)));
    check("subgroupMin(x)", (_, members) => Math.min(...members.map(value)));
    check("subgroupMul(x | 1)", (_, members) => members.reduce((total, lane) => Math.imul(total, value(lane) | 1), 1));
    check("subgroupAnd(x | 3)", (_, members) => members.reduce((total, lane) => total & (value(lane) | 3), -1));
    check("subgroupOr(x)", (_, members) => members.reduce((total, lane) => total | value(lane), 0));
    check("subgroupXor(x)", (_, members) => members.reduce((total, lane) => total ^ value(lane), 0));
    check("subgroupInclusiveAdd(x)", (lane, members) => sum(members.filter((one) => one <= lane)));
    check("subgroupExclusiveAdd(x)", (lane, members) => sum(members.filter((one) => one < lane)));
    check("subgroupExclusiveMul(x | 1)", (lane, members) =>
      members.filter((one) => one < lane).reduce((total, one) => Math.imul(total, value(one) | 1), 1),
    );
    check("subgroupInclusiveMul(x | 1)", (lane, members) =>
      members.filter((one) => one <= lane).reduce((total, one) => Math.imul(total, value(one) | 1), 1),
    );
    check("bitcast<u32>(i32(subgroupAdd(f32(x) * 0.5) * 2))", (_, members) => sum(members));
  });

  test("votes", () => {
    check("select(0u, 1u, subgroupAll(x < 900))", (_, members) => Number(members.every((one) => value(one) < 900)));
    check("select(0u, 1u, subgroupAny(x > 900))", (_, members) => Number(members.some((one) => value(one) > 900)));
    check("select(0u, 1u, subgroupElect())", (lane, members) => Number(lane === members[0]));
    check("subgroupBallot(x > 300)[(lane / 32) % 4 * select(0u, 1u, lane > 31)]", (lane, members, size) => {
      const word = lane > 31 ? Math.floor(lane / 32) : 0;
      const ids = members.filter((one) => value(one) > 300).map((one) => one % size);
      return ids.filter((id) => id >> 5 === word).reduce((bits, id) => bits | (1 << (id & 31)), 0);
    });
  });

  const read = (members: readonly number[], source: number) => (members.includes(source) ? value(source) : 0);
  const first = (lane: number) => lane - (lane % subgroupSize);

  test("reads of other lanes; those that are not active give 0", () => {
    check("subgroupBroadcast(x, 2)", (lane, members) => read(members, first(lane) + 2));
    check("subgroupBroadcastFirst(x)", (_, members) => value(members[0] ?? 0));
    check("subgroupShuffle(x, lane % 4)", (lane, members) => read(members, first(lane) + (lane % 4)));
    check("subgroupShuffle(x, lane * 7)", (lane, members, size) =>
      lane * 7 < size ? read(members, first(lane) + lane * 7) : 0,
    );
    check("subgroupShuffleUp(x, 3)", (lane, members) => read(members, lane - 3));
    check("subgroupShuffleDown(x, 2)", (lane, members) => read(members, lane + 2));
    check("subgroupShuffleXor(x, 3)", (lane, members) => read(members, lane ^ 3));
    check("subgroupShuffleXor(y, 1).y", (lane, members) => (members.includes(lane ^ 1) ? lane ^ 1 : 0));
    check("quadBroadcast(x, 3)", (lane, members) => read(members, lane - (lane % 4) + 3));
    check("quadSwapX(x)", (lane, members) => read(members, lane ^ 1));
    check("quadSwapY(x)", (lane, members) => read(members, lane ^ 2));
    check("quadSwapDiagonal(x)", (lane, members) => read(members, lane ^ 3));
  });
});

test("builtin values, with a last subgroup that is not full", () => {
  const out = new Uint32Array(20);
  const code = `enable subgroups; @group(0) @binding(0) var<storage, read_write> out: array<u32>;
    @compute @workgroup_size(20) fn main(@builtin(local_invocation_index) lane: u32, @builtin(subgroup_size) size: u32,
      @builtin(subgroup_invocation_id) id: u32, @builtin(subgroup_id) subgroup: u32, @builtin(num_subgroups) count: u32) {
      out[lane] = subgroupAdd(1u) + 10 * id + 100 * subgroup + 1000 * count + 10000 * size;
    }`;
  runBoth(code, { out }, { subgroupSize: 8 });
  expect([...out]).toEqual(
    forLanes((lane) => (lane < 16 ? 8 : 4) + 10 * (lane % 8) + 100 * (lane >> 3) + 3000 + 80000, 20),
  );
});

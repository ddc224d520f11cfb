// Control flow of lanes that go different ways. Expected values come from JavaScript that follows one lane at a time.
import { describe, expect, test } from "vitest";
import { WgslError } from "../../../src/wgsl/error.ts";
import { forLanes, resultsOf, runBoth, runText } from "./run-text.ts";

describe("branches and loops", () => {
  test("lanes take both branches, in them they branch again, and meet afterwards", () => {
    const body = `if lane % 3 == 0 { result += 1; if lane % 2 == 0 { result += 10; } else { result += 20; } }
      else if lane % 3 == 1 { result += 100; } else { result += 200; }
      result += 1000;`;
    expect(resultsOf(body)).toEqual(
      forLanes((lane) => 1000 + (lane % 3 === 0 ? 1 + (lane % 2 === 0 ? 10 : 20) : lane % 3 === 1 ? 100 : 200)),
    );
  });

  test("loops end for each lane by itself", () => {
    const body = `for (var i = 0u; i < lane; i++) { if i % 5 == 4 { continue; } if i > 40 { break; } result += i; }`;
    expect(resultsOf(body)).toEqual(
      forLanes((lane) => {
        let sum = 0;
        for (let i = 0; i < lane; i++) {
          if (i % 5 === 4) continue;
          if (i > 40) break;
          sum += i;
        }
        return sum;
      }),
    );
  });

  test("continue and break of an inner loop leave the outer one alone", () => {
    const body = `for (var i = 0u; i < 8; i++) {
        var j = 0u;
        while j < 8 { j++; if (i + j + lane) % 3 == 0 { continue; } if j > lane % 7 { break; } result += i * j; }
        if i > lane { break; }
        result += 10000;
      }`;
    expect(resultsOf(body)).toEqual(
      forLanes((lane) => {
        let sum = 0;
        for (let i = 0; i < 8; i++) {
          let j = 0;
          while (j < 8) {
            j++;
            if ((i + j + lane) % 3 === 0) continue;
            if (j > lane % 7) break;
            sum += i * j;
          }
          if (i > lane) break;
          sum += 10000;
        }
        return sum;
      }),
    );
  });

  test("continuing runs after continue, break if ends a loop at its end", () => {
    const body = `var i = 0u;
      loop { if i % 2 == lane % 2 { continue; } result += i; continuing { i++; result += 100; break if i >= lane % 9; } }`;
    expect(resultsOf(body)).toEqual(
      forLanes((lane) => {
        let [sum, i] = [0, 0];
        do {
          if (i % 2 !== lane % 2) sum += i;
          i++;
          sum += 100;
        } while (i < lane % 9);
        return sum;
      }),
    );
  });

  test("a variable in a loop is zero again at each turn", () => {
    const body = `for (var i = 0u; i < lane; i++) { var fresh: u32; fresh += i; result = max(result, fresh); }`;
    expect(resultsOf(body)).toEqual(forLanes((lane) => Math.max(0, lane - 1)));
  });

  test("switch: several values of a case, default among them, break inside, continue of the loop around", () => {
    const body = `for (var i = 0u; i < 6; i++) {
        switch i32(lane + i) % 7 - 1 {
          case -1: { result += 1; }
          case 0, 3: { if lane > 40 { break; } result += 10; }
          case default, 2 { continue; }
          case 4 { result += 100; if i == 3 { break; } result += 1000; }
        }
        result += 10000;
      }`;
    expect(resultsOf(body)).toEqual(
      forLanes((lane) => {
        let sum = 0;
        for (let i = 0; i < 6; i++) {
          const chosen = ((lane + i) % 7) - 1;
          if (chosen === -1) sum += 1;
          else if (chosen === 0 || chosen === 3) sum += lane > 40 ? 0 : 10;
          else if (chosen === 4) sum += 100 + (i === 3 ? 0 : 1000);
          else continue;
          sum += 10000;
        }
        return sum;
      }),
    );
  });

  test("a switch of u32 compares all 32 bits", () => {
    const body = `switch lane + 0xfffffff0u { case 0xfffffff3u { result = 1; } case 3 { result = 2; } default {} }`;
    expect(resultsOf(body)).toEqual(forLanes((lane) => (lane === 3 ? 1 : lane === 19 ? 2 : 0)));
  });
});

describe("calls", () => {
  test("a return out of loops and branches is one to the call", () => {
    const helpers = `fn first(limit: u32, step: u32) -> u32 {
        for (var i = 0u; i < 100; i++) {
          switch i % 2 { case 0 { if i * step > limit { return i; } } default { if i > 60 { return 1000 + i; } } }
        }
        return 77;
      }`;
    const first = (limit: number, step: number) => {
      for (let i = 0; i < 100; i++) {
        if (i % 2 === 0 && i * step > limit) return i;
        if (i % 2 === 1 && i > 60) return 1000 + i;
      }
      return 77;
    };
    expect(resultsOf("result = first(lane, 3) * 2 + first(lane * 40, lane % 4);", helpers)).toEqual(
      forLanes((lane) => first(lane, 3) * 2 + first(lane * 40, lane % 4)),
    );
  });

  test("arguments are values before the call, also those of a call inside of a call", () => {
    const helpers = `var<private> count: u32;
      fn next(by: u32) -> u32 { count += by; return count; }
      fn minus(a: u32, b: u32) -> u32 { return a * 1000 - b; }`;
    const body =
      "count = lane; let before = count; result = minus(count, minus(next(1), next(2))) + before + count * next(5);";
    expect(resultsOf(body, helpers)).toEqual(
      forLanes((lane) => lane * 1000 - ((lane + 1) * 1000 - (lane + 3)) + lane + (lane + 3) * (lane + 8)),
    );
  });

  test("a variable that a later operand stores to has its earlier value", () => {
    const helpers = "fn store(to: ptr<function, u32>, value: u32) -> u32 { *to = value; return 1; }";
    const body = "var x = lane; result = x * store(&x, 5) + x; x += store(&x, 100); result += x * 1000;";
    expect(resultsOf(body, helpers)).toEqual(forLanes((lane) => lane + 5 + (5 + 1) * 1000));
  });

  test("pointers to variables, to elements of arrays, passed on and kept in a let", () => {
    const helpers = `struct Pair { a: vec2u, b: array<u32, 4> }
      var<private> kept: array<u32, 4>;
      fn add(to: ptr<function, u32>, value: u32) { *to += value; }
      fn twice(to: ptr<function, array<u32, 4>>, at: u32) { add(&(*to)[at], 3); add(&(*to)[3 - at], 40); }
      fn mark(to: ptr<private, array<u32, 4>>, at: u32) { (*to)[at] = 7; }`;
    const body = `var pairs: array<Pair, 3>;
      let pair = &pairs[lane % 3];
      (*pair).a.y = 5; pair.b[lane % 4] += 1;
      twice(&pair.b, lane % 4);
      var single = 0u; add(&single, lane);
      var list = array(0u, 0, 0); add(&list[1], 1); add(&list[2], 2); add(&list[lane % 3], 4);
      mark(&kept, lane % 4);
      for (var i = 0u; i < 3; i++) { result += pairs[i].a.y; for (var j = 0u; j < 4; j++) { result += pairs[i].b[j] * (j + 1); } }
      result += single * 10000 + kept[lane % 4] * 1000 + list[0] * 1000000 + list[1] * 10000000 + list[2] * 100000000;`;
    expect(resultsOf(body, helpers)).toEqual(
      forLanes((lane) => {
        const at = lane % 4;
        const list = [0, 1, 2].map((one, i) => one + (lane % 3 === i ? 4 : 0)) as [number, number, number];
        const sum = 5 + 4 * (at + 1) + 40 * (4 - at) + lane * 10000 + 7000;
        return sum + list[0] * 1e6 + list[1] * 1e7 + list[2] * 1e8;
      }),
    );
  });

  test("the right side of && and || is evaluated where it is needed alone", () => {
    const helpers = "var<private> calls: u32; fn odd(x: u32) -> bool { calls++; return x % 2 == 1; }";
    const body = `let both = lane > 20 && odd(lane); let either = lane > 20 || odd(lane);
      if (false || odd(lane)) && (lane < 8 || !odd(lane / 2)) { result += 8; }
      result += select(0u, 1u, both) + select(0u, 2u, either) + calls * 100;`;
    expect(resultsOf(body, helpers)).toEqual(
      forLanes((lane) => {
        let calls = 0;
        const odd = (x: number) => {
          calls++;
          return x % 2 === 1;
        };
        const both = lane > 20 && odd(lane);
        const either = lane > 20 || odd(lane);
        const sum = odd(lane) && (lane < 8 || !odd(lane >> 1)) ? 8 : 0;
        return sum + (both ? 1 : 0) + (either ? 2 : 0) + calls * 100;
      }),
    );
  });

  test("a load after && is no access where the left side is false", () => {
    const values = new Uint32Array([1, 0, 1, 0]);
    const out = new Uint32Array(8);
    const code = `@group(0) @binding(0) var<storage, read> values: array<u32>;
      @group(0) @binding(1) var<storage, read_write> out: array<u32>;
      @compute @workgroup_size(8) fn main(@builtin(local_invocation_index) lane: u32) {
        if lane < 4 && values[lane] == 1 { out[lane] = 1; }
      }`;
    expect(runBoth(code, { values, out }).outOfBounds).toEqual([]);
    expect([...out]).toEqual([1, 0, 1, 0, 0, 0, 0, 0]);
  });
});

const atBarrier = (statements: string, lanes = 64) => `var<workgroup> shared_words: array<u32, ${lanes}>;
  @group(0) @binding(0) var<storage, read_write> out: array<u32>;
  fn exchange(lane: u32) { shared_words[lane] = lane; workgroupBarrier(); out[lane] += shared_words[${lanes - 1} - lane]; }
  @compute @workgroup_size(${lanes}) fn main(@builtin(local_invocation_index) lane: u32) { ${statements} }`;

describe("barriers", () => {
  test("all lanes see what others stored before", () => {
    const out = new Uint32Array(64);
    runBoth(atBarrier("for (var i = 0u; i < 3; i++) { exchange(lane); workgroupBarrier(); storageBarrier(); }"), {
      out,
    });
    expect([...out]).toEqual(forLanes((lane) => 3 * (63 - lane)));
  });

  test("workgroupUniformLoad gives all lanes what was there when all had arrived", () => {
    const out = new Uint32Array(64);
    const code = atBarrier(`if lane == 40 { shared_words[1] = 7; }
      let found = workgroupUniformLoad(&shared_words[1]); shared_words[1] = 100 + lane; out[lane] = found;`);
    runBoth(code, { out });
    expect([...out]).toEqual(forLanes(() => 7));
  });

  const divergent = (statements: string, options: { strands?: "subgroup" | "workgroup" } = {}) => {
    const code = atBarrier(statements);
    const given = { out: new Uint32Array(64) };
    const at = code.indexOf("workgroupBarrier", code.indexOf("fn main"));
    expect(() => runText(code, given, options)).toThrow(WgslError);
    const { divergence } = runText(code, given, Object.assign({ onDivergence: "report" as const }, options));
    expect(divergence.map((one) => one.at)).toEqual([at]);
    return divergence[0]?.message;
  };

  test("lanes that returned, or took another branch, are missed at a barrier", () => {
    expect(divergent("if lane > 7 { return; } workgroupBarrier();")).toMatch(/lanes 0–7 .*lanes 8–31 returned/);
    expect(divergent("if lane < 40 { workgroupBarrier(); }")).toMatch(
      /lanes 0–31 .*lanes 32–63 have ended|lanes 32–39 .*lanes 40–63/,
    );
    expect(divergent("if lane % 2 == 0 { workgroupBarrier(); }")).toMatch(/lanes 0, 2.*lanes 1, 3.*another branch/);
    expect(divergent("for (var i = 0u; i < lane / 32; i++) { workgroupBarrier(); }")).toMatch(
      /lanes 32–63 .*lanes 0–31/,
    );
    expect(divergent("if lane == 5 { return; } workgroupBarrier();", { strands: "workgroup" })).toMatch(
      /lane 5 returned/,
    );
  });

  test("lanes at different barriers do not meet, nor those in different calls", () => {
    expect(divergent("if lane < 32 { workgroupBarrier(); } else { storageBarrier(); }")).toMatch(/another/);
    const code = atBarrier("if lane < 32 { exchange(lane); } else { exchange(lane); }");
    expect(() => runText(code, { out: new Uint32Array(64) })).toThrow(/lanes 0–31 .*lanes 32–63/);
  });
});

test("an endless loop ends with the budget, at its position", () => {
  const code = "@compute @workgroup_size(4) fn main() { var i = 0u; while true { i++; } }";
  const error = (() => {
    try {
      return runText(code, {}, { maxSteps: 1000 });
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(error).toBeInstanceOf(WgslError);
  expect((error as WgslError).message).toMatch(/1000 steps/);
  expect((error as WgslError).at).toBeGreaterThanOrEqual(code.indexOf("loop"));
});

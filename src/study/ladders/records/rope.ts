import type { Ladder } from "../ladder.ts";

/** A position that no table of a short prompt has. */
const far = { start: 10_000 } as const;

export const ropes: Ladder = {
  name: "RoPE",
  rungs: [
    {
      kernel: "ladders/rope/angles",
      idea: "pairs of elements are rotated by their position: a power, a cosine and a sine for each pair",
      bug: {
        from: "let second = first + pairs;",
        to: "let second = first + 1;",
        breaks: "race",
        why: "Pairs are halves of a head here. Interleaved pairs are another layout, with first at 2 · i.",
      },
    },
    {
      kernel: "ladders/rope/turns",
      idea: "whole turns are taken off exactly: the digits come back, and angles stay where WGSL promises a cosine",
      claims: [
        { counter: "digits", before: 3, after: 5, sizes: far },
        { counter: "operations", of: "exp2", before: 576, after: 0, formula: "1 a pair → 0" },
      ],
      bug: {
        from: "exact - round(exact) + position * turn.y",
        to: "position * (turn.x + turn.y)",
        breaks: "result",
        why: "The product is rounded before the turns are taken off: what is left has lost its last digits.",
        sizes: far,
      },
    },
    {
      kernel: "rope/rotate",
      idea: "a table of cosines and sines, computed once",
      claims: [
        { counter: "operations", of: "cos", before: 576, after: 0, formula: "1 a pair → 0" },
        { counter: "asked", of: "table", before: 0, after: 4608, formula: "0 → 8 a pair" },
      ],
      bug: {
        from: "y[y_row + pair.y] = second * cosine + first * sine;",
        to: "y[y_row + pair.y] = second * cosine - first * sine;",
        breaks: "result",
        why: "With one sign wrong, it is no rotation: lengths change.",
      },
    },
    {
      kernel: "rope/rotate-vectors",
      idea: "four pairs at a time",
      claims: [{ counter: "requests", of: "x", before: 36, after: 10 }],
      bug: {
        from: "let cosines = vec4f(low.xz, high.xz);",
        to: "let cosines = vec4f(low.xy, high.xy);",
        breaks: "result",
        why: "Cosines and sines alternate in the table.",
      },
    },
    {
      kernel: "kv-cache/append-rotated",
      idea: "keys are rotated on their way into the cache, where those of earlier tokens are",
      bug: {
        from: "return rotate(k[both.x], k[both.y], table[at * params.pairs + pair.x], pair.y);",
        to: "return rotate(k[both.x], k[both.y], table[pair.x], pair.y);",
        breaks: "result",
        why: "All keys are rotated as if they were at position 0.",
      },
    },
  ],
};

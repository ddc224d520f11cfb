import type { Ladder } from "../ladder.ts";

export const transposes: Ladder = {
  name: "Transposes",
  rungs: [
    {
      kernel: "ladders/transpose/naive",
      idea: "each thread moves an element to its transposed address",
      bug: {
        from: "let column = workgroup.x * TILE + thread.x;",
        to: "let column = workgroup.y * TILE + thread.x;",
        breaks: "result",
        why: "Workgroups along y have rows. A matrix that is not square shows it.",
      },
    },
    {
      kernel: "ladders/transpose/tile",
      idea: "a tile is transposed in workgroup memory, so that both buffers are accessed along rows",
      claims: [
        { counter: "excess", of: "y", before: 8, after: 1 },
        { counter: "ways", of: "tile", before: 0, after: 32 },
      ],
      published: {
        says: "124 → 220 of 389 GB/s that a copy has, with 67 MB",
        source: "sjang1594, CUDA image transpose",
        url: "https://sjang1594.github.io/portfolio/cuda-image-transposed",
      },
      bug: {
        from: "  workgroupBarrier();\n",
        to: "",
        breaks: "race",
        why: "Threads read elements of the tile that other threads have yet to store.",
      },
    },
    {
      kernel: "ladders/transpose/padded",
      idea: "one more element in each row of the tile, so that a column lies in all banks",
      claims: [
        { counter: "ways", of: "tile", before: 32, after: 1, formula: "TILE → 1" },
        { counter: "memory", before: 4096, after: 4224 },
      ],
      published: {
        says: "220 → 352 of 389 GB/s that a copy has, with 67 MB",
        source: "sjang1594, CUDA image transpose",
        url: "https://sjang1594.github.io/portfolio/cuda-image-transposed",
      },
      bug: {
        from: "let column = workgroup.x * TILE + j;",
        to: "let column = workgroup.y * TILE + j;",
        breaks: "result",
        why: "Tiles are transposed, but each is stored where it came from: only those on the diagonal are right.",
      },
    },
  ],
};

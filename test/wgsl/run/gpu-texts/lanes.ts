// What lanes share: subgroups, atomic variables, barriers, buffers.
import { asBits, type SmallText, text } from "./frame.ts";

/** Results of integers, of all lanes and of some. */
const subgroupCalls = (value: string) =>
  [
    ...["Add", "Mul", "Max", "Min", "And", "Or", "Xor", "ExclusiveAdd", "ExclusiveMul"].map(
      (name) => `subgroup${name}(${value})`,
    ),
    ...["InclusiveAdd", "InclusiveMul", "BroadcastFirst"].map((name) => `subgroup${name}(${value})`),
    `subgroupBallot(${value} % 3 == 0).x`,
    asBits(`subgroupAll(${value} < 40)`),
    asBits(`subgroupAny(${value} == 9)`),
    asBits("subgroupElect()"),
  ].map((one) => `put(${one});`);

const subgroups: Readonly<Record<string, SmallText>> = {
  "subgroups: all lanes": text(
    `let a = (edges[lane] ^ (lane * 2654435761)) % 50;
     ${subgroupCalls("a").join("\n")}
     put(subgroupBroadcast(a, 2)); put(subgroupShuffle(a, 3 - lane % 4)); put(subgroupShuffleXor(a, 1));
     put(select(0, subgroupShuffleUp(a, 1), lane % 4 > 0)); put(select(0, subgroupShuffleDown(a, 2), lane % 4 < 2));
     put(quadBroadcast(a, 1)); put(quadSwapX(a)); put(quadSwapY(a)); put(quadSwapDiagonal(a));
     let v = subgroupAdd(vec3i(i32(a), -1, i32(lane))); put(bitcast<u32>(v.x + v.y * v.z));
     put(bitcast<u32>(subgroupMin(-f32(a)))); put(bitcast<u32>(subgroupMax(f32(a)))); put(u32(subgroupAdd(f32(a))));
     put(bitcast<u32>(subgroupShuffleXor(f32(a), 2))); put(u32(subgroupInclusiveAdd(f32(a))));`,
    { puts: 31, needs: ["subgroups"], isExact: true },
  ),
  "subgroups: some lanes": text(
    `let a = (edges[lane] ^ (lane * 40503)) % 50;
     let size = subgroupAdd(1u);
     if (lane % 5 != 1) {
       ${subgroupCalls("a").join("\n")}
       if (lane % 3 == 0) { put(subgroupAdd(a)); put(subgroupBroadcastFirst(lane)); } else { put(subgroupMax(a)); }
     }
     for (var i = 0u; i < lane % 4; i++) { put(subgroupAdd(i + 1) * size); }`,
    { puts: 24, needs: ["subgroups"] },
  ),
  "subgroups: builtin values": text(
    `put(number); put(size); put(id); put(count); put(index); put(index_of_workgroup);`,
    {
      puts: 6,
      size: [6, 3, 2],
      workgroups: [2, 2, 2],
      needs: ["subgroups"],
      inputs: `, @builtin(subgroup_invocation_id) number: u32, @builtin(subgroup_size) size: u32,
        @builtin(subgroup_id) id: u32, @builtin(num_subgroups) count: u32, @builtin(global_invocation_index) index: u32,
        @builtin(workgroup_index) index_of_workgroup: u32`,
    },
  ),
};

const memory: Readonly<Record<string, SmallText>> = {
  atomics: text(
    `atomicAdd(&sums[lane % 4], lane); atomicMax(&sums[4], lane * 7 % 31); atomicMin(&least, 5 - i32(lane));
     atomicOr(&sums[5], 1u << lane); atomicXor(&sums[6], lane * lane); atomicSub(&sums[7], lane);
     workgroupBarrier(); if (lane == 0) { atomicStore(&sums[8], 0xfffffff0u); } workgroupBarrier();
     atomicAnd(&sums[8], ~(1u << lane)); workgroupBarrier();
     if (lane < 9) { put(atomicLoad(&sums[lane])); } else if (lane == 9) { put(bitcast<u32>(atomicLoad(&least))); }
     else if (lane == 10) {
       put(atomicExchange(&sums[0], 7)); let kept = atomicCompareExchangeWeak(&sums[1], 7, 8); put(kept.old_value);
       put(select(0u, 1u, kept.exchanged)); put(atomicAdd(&sums[0], 3)); put(atomicLoad(&sums[0]));
     }`,
    {
      puts: 5,
      helpers: "var<workgroup> sums: array<atomic<u32>, 9>; var<workgroup> least: atomic<i32>;",
      isExact: true,
    },
  ),
  barriers: text(
    `cells[lane] = edges[lane] + lane; workgroupBarrier(); var sum = cells[31 - lane];
     for (var step = 16u; step > 0; step /= 2) {
       workgroupBarrier(); if (lane < step) { cells[lane] += cells[lane + step]; } workgroupBarrier();
       sum += cells[lane % step];
     }
     put(sum); if (lane == 5) { chosen = 3 + workgroup.x; } let all = workgroupUniformLoad(&chosen);
     for (var i = 0u; i < all; i++) { workgroupBarrier(); cells[(lane + i) % 32] += i * lane; workgroupBarrier(); }
     put(cells[lane]); out[next_put] = lane; storageBarrier(); put(out[next_put] + put_by(lane));`,
    {
      puts: 3,
      helpers: `var<workgroup> cells: array<u32, 32>; var<workgroup> chosen: u32;
        fn put_by(lane: u32) -> u32 { workgroupBarrier(); cells[lane] = lane; workgroupBarrier(); return cells[lane ^ 1]; }`,
    },
  ),
  "builtin values": text(
    `put(local.x + 10 * local.y + 100 * local.z); put(lane); put(global.x + 100 * global.y + 10000 * global.z);
     put(workgroup.x + 10 * workgroup.y + 100 * workgroup.z); put(workgroups.x + 10 * workgroups.y + 100 * workgroups.z);`,
    { puts: 5, size: [3, 2, 2], workgroups: [2, 3, 2] },
  ),
};

/** Layouts of what memory holds. */
const layouts: Readonly<Record<string, SmallText>> = {
  "layouts in storage and workgroup memory": text(
    `if (lane == 0) {
       stored.at = vec3f(1, 2, 3); stored.next = 4; stored.matrix = mat3x3f(1, 2, 3, 4, 5, 6, 7, 8, 9); stored.count = 5;
       stored.pairs[1].b = vec2u(6, 7); stored.spaced = 9; stored.matrix[1][2] = 11;
       for (var i = 0; i < 3; i++) { stored.pairs[i].a = 8; stored.matrix[i][i] = 12; stored.narrow[i / 2][1] = 13; }
     }
     storageBarrier(); stored.list[lane].xy.y += 10; stored.list[lane].z = f32(lane); workgroupBarrier();
     put(arrayLength(&stored.list)); let kept = stored.pairs; put(kept[lane % 3].a + kept[1].b.y);
     shared_pairs[lane] = Pair(lane, vec2u(lane, 3)); workgroupBarrier(); put(shared_pairs[31 - lane].b.x);
     let column = stored.matrix[lane % 3]; put(u32(column.z)); put(u32(stored.list[lane].z));`,
    {
      puts: 5,
      isExact: true,
      buffers: { stored: new Uint32Array(128) },
      size: [8, 1, 1],
      workgroups: [1, 1, 1],
      helpers: `struct Pair { a: u32, b: vec2u } struct Item { xy: vec2u, z: f32, @size(20) last: u32 }
        struct Stored { at: vec3f, next: u32, matrix: mat3x3f, count: u32, pairs: array<Pair, 3>, @align(32) spaced: u32,
          narrow: mat2x2f, list: array<Item> }
        @group(1) @binding(3) var<storage, read_write> stored: Stored; var<workgroup> shared_pairs: array<Pair, 32>;`,
    },
  ),
  "layouts of uniforms": text(
    `put(u32(given.at.z)); put(given.next); put(given.rows[lane % 2].w); put(u32(given.matrix[lane % 3].y));
     let copy = given; put(copy.rows[1].x + copy.last); put(given.rows[lane % 3 / 2][lane % 4]);`,
    {
      puts: 6,
      buffers: { given: Uint32Array.from({ length: 28 }, (_, i) => (i < 3 || i > 11 ? 0x3f800000 + i * 0x100000 : i)) },
      helpers: `struct Given { at: vec3f, next: u32, rows: array<vec4u, 2>, matrix: mat3x4f, @align(16) last: u32 }
        @group(0) @binding(5) var<uniform> given: Given;`,
    },
  ),
};

/** Texts by name. */
export const laneTexts: Readonly<Record<string, SmallText>> = { ...subgroups, ...memory, ...layouts };

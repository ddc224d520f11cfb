// with: lib/row, lib/grid, kv-cache/slot/contiguous
// Rows of a cache become copies of others:  cache[cache_row(b, g, i)] = cache[cache_row(parents[b], g, i)]
//
// For the positions before the step's, in place: rows that are copied have themselves as parents, and are not written.
// A ring has the same slots for the same positions, so it is copied like a contiguous cache, slot by slot. One thread
// per word of a position of a head, of which most leave where few rows are copies. Requests a read and a write a word
// copied.

const WORKGROUP: u32 = 64;

struct Params {
  size: u32,  // threads: b·g·t·words
  b: u32, g: u32, s: u32,
  t: u32,      // maximum number of positions copied
  words: u32,  // of a key or value
}

@group(0) @binding(0) var<storage, read_write> cache: array<u32>;  // [b, g, s, words]
@group(0) @binding(1) var<storage, read> parents: array<u32>;      // [b]
@group(0) @binding(2) var<storage, read> step: array<Row, 64>;     // [64, 4]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (i >= params.size) { return; }
  let word = i % params.words;
  let at = i / params.words % params.t;
  let group = i / (params.words * params.t) % params.g;
  let b = i / (params.words * params.t * params.g);
  let parent = parents[b];
  if (parent == b || parent >= params.b || at >= step[b].position) { return; }
  let other = cache_row(parent, group, at);
  let own = cache_row(b, group, at);
  if (other == NO_INDEX || own == NO_INDEX) { return; }
  cache[own * params.words + word] = cache[other * params.words + word];
}

// with: lib/walk/strided, lib/grid
// Copies a view of any type into part of a tensor:  y[begin + row · pitch + j] = x[row · run + j],  j < run
//
// One thread a word of y, which holds two f16 or bf16 or one element of another type. A word of two may reach beyond
// its run: what lies there is kept. Runs of one dispatch are at least one element apart, so no two threads write the
// same word. Requests n reads and n writes of words; where they hold two, 3·n / 2 reads and n / 2 writes.

const WORKGROUP: u32 = 64;
const PACKED: u32 = 1;  // elements in a word: 2 for f16 and bf16

struct Params {
  rows: u32, run: u32, pitch: u32, begin: u32,  // in elements
  words: u32,                                   // that a run may reach into
  d1: u32, d2: u32, d3: u32,
  x: u32, x0: u32, x1: u32, x2: u32, x3: u32,   // first element and strides of x
}

@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;
@group(0) @binding(2) var<uniform> params: Params;

fn load(i: u32) -> u32 {
  let at = element(i, params.x, vec4u(params.x0, params.x1, params.x2, params.x3));
  if (PACKED == 1) { return x[at]; }
  return (x[at / 2] >> (16 * (at % 2))) & 0xffff;
}

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  let row = i / params.words;
  if (row >= params.rows) { return; }
  let first = params.begin + row * params.pitch;
  let word = first / PACKED + i % params.words;
  if (PACKED == 1) {
    y[word] = load(row * params.run + word - first);
    return;
  }
  if (2 * word >= first + params.run) { return; }  // a run that begins in a lower half reaches one word less
  var bits = y[word];
  for (var half = 0u; half < 2; half++) {
    let place = 2 * word + half;
    if (place >= first && place < first + params.run) {
      bits = insertBits(bits, load(row * params.run + place - first), 16 * half, 16);
    }
  }
  y[word] = bits;
}

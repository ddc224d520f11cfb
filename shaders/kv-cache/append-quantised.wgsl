// with: lib/position/start, lib/grid, kv-cache/slot/contiguous
// Stores new keys and values as integers:  code = round(x / scale), one scale a block of neighbouring elements
//
// With 8 bits the scale is the largest |x| / 127. With 4 it is the x furthest from 0, divided by -8: that x becomes -8
// exactly, and the other side of 0 loses one step of eight (llama.cpp's Q4_0). A block of zeros has scale 0. One thread
// per block of a key or a value, which reads it twice. Padding tokens of the step and tokens without a row
// in the cache are not written. Requests two reads an element, and the writes of its code.

const WORKGROUP: u32 = 64;
const BITS: u32 = 8;

const PER_WORD = 32 / BITS;
const MASK = (1u << BITS) - 1;
const LOWEST_CODE = select(-127.0, -8.0, BITS == 4);
const HIGHEST_CODE = select(127.0, 7.0, BITS == 4);
const_assert BITS == 4 || BITS == 8;

struct Params {
  size: u32,  // threads: b·t·g·(d / k_block + width / v_block)
  t: u32, g: u32, s: u32,
  d: u32, width: u32,          // of keys, of values
  k_block: u32, v_block: u32,  // elements of a block
  start: u32,
  k_first: u32, k_batch: u32, k_token: u32, k_head: u32,  // where k [b, t, g, d], a view, begins and its strides
  v_first: u32, v_batch: u32, v_token: u32, v_head: u32,
}

@group(0) @binding(0) var<storage, read> k: array<f32>;             // [b, t, g, d]
@group(0) @binding(1) var<storage, read> v: array<f32>;             // [b, t, g, dv]
@group(0) @binding(2) var<storage, read_write> keys: array<u32>;    // [b, g, s, d / PER_WORD]
@group(0) @binding(3) var<storage, read_write> values: array<u32>;  // [b, g, s, dv / PER_WORD]
@group(0) @binding(4) var<uniform> params: Params;
@group(0) @binding(5) var<storage, read_write> kScale: array<f32>;  // [b, g, s, d / k_block]
@group(0) @binding(6) var<storage, read_write> vScale: array<f32>;  // [b, g, s, dv / v_block]

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (i >= params.size) { return; }
  let k_blocks = params.d / params.k_block;
  let v_blocks = params.width / params.v_block;
  let both = i % (k_blocks + v_blocks);
  let head = i / (k_blocks + v_blocks);  // of all heads of all tokens
  let group = head % params.g;
  let t = head / params.g % params.t;
  let b = head / (params.g * params.t);
  if (!is_token(b, t)) { return; }
  let row = cache_row(b, group, position(b, t));
  if (row == NO_INDEX) { return; }

  let is_key = both < k_blocks;
  let block = select(both - k_blocks, both, is_key);
  let length = select(params.v_block, params.k_block, is_key);
  let row_of_k = params.k_first + b * params.k_batch + t * params.k_token + group * params.k_head;
  let row_of_v = params.v_first + b * params.v_batch + t * params.v_token + group * params.v_head;
  let first = select(row_of_v, row_of_k, is_key) + block * length;

  var furthest = 0.0;  // from 0
  for (var n = 0u; n < length; n++) {
    let x = element(is_key, first + n);
    furthest = select(furthest, x, abs(x) > abs(furthest));
  }
  let scale = select(abs(furthest) / 127, furthest / -8, BITS == 4);
  let words = length / PER_WORD;
  for (var word = 0u; word < words; word++) {
    var codes = 0u;
    for (var n = 0u; n < PER_WORD; n++) {
      codes |= (code(element(is_key, first + word * PER_WORD + n), scale) & MASK) << (n * BITS);
    }
    if (is_key) { keys[(row * k_blocks + block) * words + word] = codes; }
    else { values[(row * v_blocks + block) * words + word] = codes; }
  }
  if (is_key) { kScale[row * k_blocks + block] = scale; }
  else { vScale[row * v_blocks + block] = scale; }
}

fn element(is_key: bool, i: u32) -> f32 {
  if (is_key) { return k[i]; }
  return v[i];
}

// The bits of the integer nearest to x / scale, in two's complement.
fn code(x: f32, scale: f32) -> u32 {
  if (scale == 0.0) { return 0; }
  return bitcast<u32>(i32(clamp(round(x / scale), LOWEST_CODE, HIGHEST_CODE)));
}

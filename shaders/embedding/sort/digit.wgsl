// with: embedding/sort/order/first
// The digit by which one pass of a radix sort sorts tokens: 8 bits of their ids. Ids outside of the table come last.

const BINS: u32 = 256;
const CHUNK: u32 = 256;  // tokens of a workgroup

struct Params { t: u32, v: u32, shift: u32 }

@group(0) @binding(0) var<storage, read> ids: array<u32>;  // [t]

fn digit_at(i: u32) -> u32 {
  let token = token_at(i);
  return (min(ids[token], params.v) >> params.shift) % BINS;
}

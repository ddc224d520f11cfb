// The largest magnitude of all elements, kept in one of several words:  peaks[index] = max(peaks[index], max |x|)
//
// Magnitudes are compared by their bits, whose order is that of the numbers, with infinity above them all and NaN above
// infinity: so one word shows whether there was either. One workgroup, so that a single thread writes the word: each
// thread strides through the elements, and a tree in workgroup memory joins them. Requests n reads.

const WORKGROUP: u32 = 256;
const_assert 0 == (WORKGROUP & (WORKGROUP - 1));  // the tree halves it

struct Params { n: u32, index: u32 }

@group(0) @binding(0) var<storage, read> x: array<f32>;            // [n]
@group(0) @binding(1) var<storage, read_write> peaks: array<u32>;  // [words]
@group(0) @binding(2) var<uniform> params: Params;

var<workgroup> largest: array<u32, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(local_invocation_index) thread: u32) {
  var bits = 0u;
  for (var i = thread; i < params.n; i += WORKGROUP) { bits = max(bits, bitcast<u32>(x[i]) & 0x7fffffff); }
  largest[thread] = bits;
  workgroupBarrier();
  for (var width = WORKGROUP / 2; width > 0; width /= 2) {
    if (thread < width) { largest[thread] = max(largest[thread], largest[thread + width]); }
    workgroupBarrier();
  }
  if (thread == 0) { peaks[params.index] = max(peaks[params.index], largest[0]); }
}

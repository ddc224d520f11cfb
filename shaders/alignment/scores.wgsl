// with: lib/activation/tanh, lib/vector/four, lib/grid
// Scores of additive attention:  scores[b, t, s] = Σ v[i] · tanh(query[b, t, i] + keys[b, s, i])
//
// Bahdanau, Cho and Bengio (2015), appendix A.1.2, with query and keys after their linear layers. One score a thread,
// neighbouring threads at neighbouring keys, so that those of a query read the same numbers of it; a thread takes a
// Vector at a time. Nearly all of the work is the tanh of every sum. Requests 3·a reads for each of b·t·s scores.

const WORKGROUP: u32 = 64;

struct Params { b: u32, t: u32, s: u32, width: u32 }  // width: a, counted in Vectors

@group(0) @binding(0) var<storage, read> query: array<Vector>;       // [b, t, a]
@group(0) @binding(1) var<storage, read> keys: array<Vector>;        // [b, s, a]
@group(0) @binding(2) var<storage, read> v: array<Vector>;           // [a]
@group(0) @binding(3) var<storage, read_write> scores: array<f32>;  // [b, t, s]
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let at = linear_workgroup(grid) * WORKGROUP + thread;
  if (at >= params.b * params.t * params.s) { return; }
  let query_row = at / params.s;
  let key_row = query_row / params.t * params.s + at % params.s;

  var sums = Vector();
  for (var i = 0u; i < params.width; i++) {
    sums += v[i] * activation(query[query_row * params.width + i] + keys[key_row * params.width + i]);
  }
  scores[at] = vector_sum(sums);
}

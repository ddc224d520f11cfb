// with: lib/activation/tanh, lib/vector/four, lib/grid
// Gradients of additive scores in one side, queries or keys:  dx[b, n, i] = v[i] · Σ d · (1 - u²)
//
// With u = tanh(x[b, n, i] + others[b, m, i]), sums are over the m rows of the other side, and d is the gradient of the
// pair's score. shares[b, n, i] = Σ d · u: those of all rows add up to the gradient of v. One Vector of a row a thread,
// neighbouring threads in one row. The keys' side reads the same gradients of scores with the two strides exchanged.
// Requests m·a reads of others, m reads of gradients for each Vector, 2·a reads and 2·a writes for each of b·n rows.

const WORKGROUP: u32 = 64;

struct Params {
  b: u32,
  n: u32,
  m: u32,
  width: u32,   // a, counted in Vectors
  own: u32,     // from one row of x to the next in dscores
  other: u32,   // and from one of others to the next
}

@group(0) @binding(0) var<storage, read> x: array<Vector>;             // [b, n, a]
@group(0) @binding(1) var<storage, read> others: array<Vector>;        // [b, m, a]
@group(0) @binding(2) var<storage, read> v: array<Vector>;             // [a]
@group(0) @binding(3) var<storage, read> dscores: array<f32>;          // [b, t, s]
@group(0) @binding(4) var<storage, read_write> dx: array<Vector>;      // [b, n, a]
@group(0) @binding(5) var<storage, read_write> shares: array<Vector>;  // [b, n, a]
@group(0) @binding(6) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let at = linear_workgroup(grid) * WORKGROUP + thread;
  if (at >= params.b * params.n * params.width) { return; }
  let i = at % params.width;
  let row = at / params.width;
  let b = row / params.n;
  let pairs = b * params.n * params.m + row % params.n * params.own;

  let mine = x[at];
  var slopes = Vector();
  var sums = Vector();
  for (var j = 0u; j < params.m; j++) {
    let u = activation(mine + others[(b * params.m + j) * params.width + i]);
    let d = dscores[pairs + j * params.other];
    slopes += d * (1.0 - u * u);
    sums += d * u;
  }
  dx[at] = v[i] * slopes;
  shares[at] = sums;
}

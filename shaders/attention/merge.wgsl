// with: lib/vector/four, lib/online-softmax, lib/grid
// Merges attention over two sets of keys:  out = (w1 · out1 + w2 · out2) / (w1 + w2), w = exp(lse - max(lse1, lse2))
//
// One thread per vector of out, which computes its row's weights again. The side with the larger log-sum-exp has a
// weight of exactly 1, so that swapping the sides gives the same bits, and merging with an empty side changes nothing.
// A side whose log-sum-exp is minus infinity saw no keys, and its out is not used; two of them give zeros. Requests
// 2·dv reads and dv + 1 writes a row, and 2 reads a vector. Choose it to join attention over parts of the keys, in any
// order.

const WORKGROUP: u32 = 64;

struct Params { h: u32, t: u32, vectors: u32, size: u32 }

// Where the rows of the four inputs begin, in elements.
struct Views {
  left_first: u32, left_batch: u32, left_head: u32, left_token: u32,
  left_lse_first: u32, left_lse_batch: u32, left_lse_head: u32, left_lse_token: u32,
  right_first: u32, right_batch: u32, right_head: u32, right_token: u32,
  right_lse_first: u32, right_lse_batch: u32, right_lse_head: u32, right_lse_token: u32,
}

@group(0) @binding(0) var<storage, read> left: array<Vector>;       // [b, h, t, dv]
@group(0) @binding(1) var<storage, read> leftLse: array<f32>;       // [b, h, t]
@group(0) @binding(2) var<storage, read> right: array<Vector>;      // [b, h, t, dv]
@group(0) @binding(3) var<storage, read> rightLse: array<f32>;      // [b, h, t]
@group(0) @binding(4) var<storage, read_write> out: array<Vector>;  // [b, t, h, dv]
@group(0) @binding(5) var<storage, read_write> lse: array<f32>;     // [b, h, t]
@group(0) @binding(6) var<uniform> params: Params;
@group(0) @binding(7) var<uniform> views: Views;

// LOWEST for minus infinity, which arithmetic must avoid.
fn finite_lse(value: f32) -> f32 {
  return select(value, LOWEST, bitcast<u32>(value) == 0xff800000u);
}

@compute @workgroup_size(WORKGROUP)
fn main(grid: Grid, @builtin(local_invocation_index) thread: u32) {
  let i = linear_workgroup(grid) * WORKGROUP + thread;
  if (i >= params.size) { return; }
  let vector = i % params.vectors;
  let h = i / params.vectors % params.h;
  let t = i / (params.vectors * params.h) % params.t;
  let b = i / (params.vectors * params.h * params.t);

  let left_lse = finite_lse(
    leftLse[views.left_lse_first + b * views.left_lse_batch + h * views.left_lse_head + t * views.left_lse_token],
  );
  let right_lse = finite_lse(
    rightLse[views.right_lse_first + b * views.right_lse_batch + h * views.right_lse_head + t * views.right_lse_token],
  );
  let left_row = views.left_first + b * views.left_batch + h * views.left_head + t * views.left_token;
  let right_row = views.right_first + b * views.right_batch + h * views.right_head + t * views.right_token;
  let left_out = select(left[left_row / WIDTH + vector], Vector(), left_lse <= LOWEST);
  let right_out = select(right[right_row / WIDTH + vector], Vector(), right_lse <= LOWEST);

  let left_larger = left_lse >= right_lse;
  let largest = select(right_lse, left_lse, left_larger);
  let smaller_weight = softmax_weight(select(left_lse, right_lse, left_larger), largest);
  let weight = select(smaller_weight, 1.0, left_lse == right_lse);  // exp(0) may be off by an ulp
  let larger = select(right_out, left_out, left_larger);
  let smaller = select(left_out, right_out, left_larger);
  out[i] = (larger + weight * smaller) / (1.0 + weight);
  if (vector == 0) {
    lse[(b * params.h + h) * params.t + t] = log_sum_exp(largest, select(1.0 + weight, 0.0, largest <= LOWEST));
  }
}

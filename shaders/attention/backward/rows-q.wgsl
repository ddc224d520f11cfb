// with: attention/backward/pair, lib/extent/fixed
// The gradient of queries in one kernel, a row at a time:  dq = Σ (gradient of the dot product with k) · k
//
// One workgroup per query row of a head. As in attention/rows it goes over the keys WORKGROUP at a time: each thread
// computes the gradient of one dot product, then each gathers a vector of four columns over every HEAD_THREADS-th key.
// Sums are taken in runs (shaders/README.md). Nothing of size s is kept. Every row reads all of k and v again.

const HEAD_WIDTH: u32 = 64;  // of q and k
const WORKGROUP: u32 = 64;
const RUN: u32 = 32;         // times WORKGROUP keys

const HEAD_VECTORS = HEAD_WIDTH / 4;
const HEAD_THREADS = WORKGROUP / HEAD_VECTORS;  // threads that share a vector of columns
const_assert HEAD_WIDTH % 4 == 0 && HEAD_VECTORS <= WORKGROUP;

struct Params {
  h: u32, g: u32, t: u32, d: u32, dv: u32,
  start: i32, length: u32, scale: f32,
  dout_first: u32, dout_batch: u32, dout_head: u32, dout_token: u32,  // where dout begins, and its strides
}

@group(0) @binding(5) var<uniform> params: Params;
@group(0) @binding(7) var<storage, read_write> dq: array<vec4f>;  // [b, h, t, d]

var<workgroup> dproducts: array<f32, WORKGROUP>;
var<workgroup> shares: array<vec4f, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let at = batch_and_block(workgroup.x, workgroup.z, 1, 1);
  let b = at.x;
  let t = at.y;
  if (t >= query_count(b)) { return; }  // the whole workgroup leaves
  let h = workgroup.y;
  let group = h / (params.h / params.g);
  let position = first_query(b) + t;
  let keys = visible_keys(b, position, position);
  let column = thread % HEAD_VECTORS;
  let head_thread = thread / HEAD_VECTORS;

  var sum = vec4f(0.0);  // of this thread's columns, over its share of the keys
  var run_sum = vec4f(0.0);
  for (var first = keys.x; first < keys.y; first += WORKGROUP) {
    if ((first - keys.x) % (RUN * WORKGROUP) == 0) {  // a new run
      sum += run_sum;
      run_sum = vec4f(0.0);
    }
    let key = first + thread;
    var gradient = 0.0;
    if (key < keys.y) { gradient = pair_gradients(b, h, t, key).y; }
    dproducts[thread] = gradient;
    workgroupBarrier();
    var own = vec4f(0.0);
    if (head_thread < HEAD_THREADS) {
      for (var i = head_thread; i < min(WORKGROUP, keys.y - first); i += HEAD_THREADS) {
        own = add_weighted(dproducts[i], load_k4(k_row(b, group, first + i), column), own);
      }
    }
    run_sum += own;
    workgroupBarrier();  // the gradients have been read
  }

  shares[thread] = sum + run_sum;
  workgroupBarrier();
  if (thread >= HEAD_VECTORS) { return; }
  var total = vec4f(0.0);
  for (var i = 0u; i < HEAD_THREADS; i++) { total += shares[i * HEAD_VECTORS + column]; }
  dq[row_of(b, h, t) * HEAD_VECTORS + column] = total;
}

// with: attention/backward/elements/one, attention/backward/pair, lib/extent/fixed
// The gradient of a tensor of which a score reads an element a pair:  sums[part, e] = Σ dscore over pairs that read e
//
// A workgroup goes over every parts-th query, the queries of all heads counted, and over the keys that each may see,
// WORKGROUP at a time: each thread computes the gradient of one pair's score and which element that reads. Then each
// adds up, key by key, those of elements whose number is its own modulo WORKGROUP. So a sum belongs to one thread,
// without atomics, and its order is always the same. Parts have separate sums, which are added up afterwards. Requests
// 2·(d + dv) reads a pair, and a read and a write of a sum; pairs that read no element do not count.

const WORKGROUP: u32 = 64;

struct Params {
  b: u32, h: u32, g: u32, t: u32, d: u32, dv: u32, n: u32,            // elements
  start: i32, length: u32, scale: f32,
  dout_first: u32, dout_batch: u32, dout_head: u32, dout_token: u32,  // where dout begins, and its strides
}

@group(0) @binding(5) var<uniform> params: Params;
@group(0) @binding(7) var<storage, read_write> sums: array<f32>;  // [parts, n]

var<workgroup> gradients: array<f32, WORKGROUP>;
var<workgroup> elements: array<u32, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) workgroups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let first_sum = workgroup.x * params.n;
  for (var i = thread; i < params.n; i += WORKGROUP) { sums[first_sum + i] = 0.0; }
  for (var row = workgroup.x; row < params.b * params.h * params.t; row += workgroups.x) {
    let b = row / (params.h * params.t);
    let h = row / params.t % params.h;
    let t = row % params.t;
    if (t >= query_count(b)) { continue; }
    let position = first_query(b) + t;
    let keys = visible_keys(b, position, position);
    for (var first = keys.x; first < keys.y; first += WORKGROUP) {
      let key = first + thread;
      if (key < keys.y) {
        gradients[thread] = score_gradients(b, h, t, key).y;
        elements[thread] = element_of(b, h, position, key);
      }
      workgroupBarrier();
      for (var i = 0u; i < min(WORKGROUP, keys.y - first); i++) {
        let element = elements[i];
        if (element % WORKGROUP == thread && element < params.n) { sums[first_sum + element] += gradients[i]; }
      }
      workgroupBarrier();  // both have been read
    }
  }
}

// Maximum and sum of a number of each thread, for ROWS rows at once: SHARE threads a row each reduce every SHARE-th
// number, then all threads reduce those. All threads must call these functions (uniform control flow), and each replaces
// the numbers.

const SHARE: u32 = 8;
const_assert WORKGROUP % SHARE == 0 && ROWS * SHARE <= WORKGROUP;

var<workgroup> row_numbers: array<f32, ROWS * WORKGROUP>;
var<workgroup> row_shares: array<f32, ROWS * SHARE>;

fn workgroup_maxima(values: ptr<function, array<f32, ROWS>>, thread: u32) {
  for (var r = 0u; r < ROWS; r++) { row_numbers[r * WORKGROUP + thread] = (*values)[r]; }
  workgroupBarrier();
  if (thread < ROWS * SHARE) {
    let first = thread / SHARE * WORKGROUP + thread % SHARE;
    var largest = row_numbers[first];
    for (var i = SHARE; i < WORKGROUP; i += SHARE) { largest = max(largest, row_numbers[first + i]); }
    row_shares[thread] = largest;
  }
  workgroupBarrier();
  for (var r = 0u; r < ROWS; r++) {
    for (var i = 0u; i < SHARE; i++) { (*values)[r] = max((*values)[r], row_shares[r * SHARE + i]); }
  }
}

fn workgroup_sums(values: ptr<function, array<f32, ROWS>>, thread: u32) {
  for (var r = 0u; r < ROWS; r++) { row_numbers[r * WORKGROUP + thread] = (*values)[r]; }
  workgroupBarrier();
  if (thread < ROWS * SHARE) {
    let first = thread / SHARE * WORKGROUP + thread % SHARE;
    var sum = row_numbers[first];
    for (var i = SHARE; i < WORKGROUP; i += SHARE) { sum += row_numbers[first + i]; }
    row_shares[thread] = sum;
  }
  workgroupBarrier();
  for (var r = 0u; r < ROWS; r++) {
    (*values)[r] = 0.0;
    for (var i = 0u; i < SHARE; i++) { (*values)[r] += row_shares[r * SHARE + i]; }
  }
}

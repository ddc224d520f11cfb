// Numbers the workgroups of a one-dimensional grid that was folded into y because x was too long.

fn linear_workgroup(workgroup: vec3u, workgroups: vec3u) -> u32 {
  return workgroup.x + workgroup.y * workgroups.x;
}

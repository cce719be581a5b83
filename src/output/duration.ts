/** `4.2 s`, `45 s` becomes `45.0 s`, `3 min 05 s` from two minutes on. */
export function duration(seconds: number): string {
  if (seconds < 120) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`
}

// Captures that are videos. Pure.

const TYPE = "video/mp4";

export const isClip = (item) => item?.content_type === TYPE;

/** "0:09", "12:30", "1:02:03"; a clip that tells no length has none. @param {number | undefined} ms */
export function clipLength(ms) {
  if (!ms) return "";
  const seconds = Math.max(1, Math.round(ms / 1000));
  const two = (number) => String(number).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  const start = minutes < 60 ? `${minutes}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}`;
  return `${start}:${two(seconds % 60)}`;
}

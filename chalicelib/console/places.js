// The bytes that a place of the API means: an object of S3, or a range of one.

/** No photo where the API says that one is; its URL may be too old. */
export class PhotoMissing extends Error {}

/**
 * @param {{object_key: string, offset?: number, length?: number, url?: string}} place
 * @param {Record<string, string>} urls of the page of items that names the place
 * @returns {Promise<Blob>} a JPEG
 */
export async function placeBlob(place, urls, signal) {
  const isRange = place.offset !== undefined;
  const headers = isRange ? {Range: `bytes=${place.offset}-${place.offset + place.length - 1}`} : {};
  let answer;
  try {
    answer = await fetch(urls[place.object_key], {headers, signal});
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new PhotoMissing("S3 cannot be reached.", {cause: error});
  }
  if (answer.status !== (isRange ? 206 : 200)) throw new PhotoMissing(`S3 answers ${answer.status}.`);
  return new Blob([await answer.arrayBuffer()], {type: "image/jpeg"});
}

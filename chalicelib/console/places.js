// The bytes that a place of the API means: an object of S3, or a range of one.

/** No photo where the API says that one is. */
export class PhotoMissing extends Error {
  /** @param {number | null} status S3's; null where nobody has answered */
  constructor(status, options) {
    super(status === null ? "S3 cannot be reached." : `S3 answers ${status}.`, options);
    this.status = status;
  }

  /** The URL may be too old. */
  get isRefused() {
    return this.status === 403;
  }

  /** It is not that the photo is not there, nor that the URL is too old. */
  get isPassing() {
    return this.status !== 403 && this.status !== 404;
  }
}

/**
 * @param {{object_key: string, offset?: number, length?: number, url?: string}} place
 * @param {Record<string, string>} urls of the page of items that names the place
 * @returns {Promise<Blob>} of that type
 */
export async function placeBlob(place, urls, signal, type = "image/jpeg") {
  const isRange = place.offset !== undefined;
  const headers = isRange ? {Range: `bytes=${place.offset}-${place.offset + place.length - 1}`} : {};
  const url = urls[place.object_key];
  if (!url) throw new PhotoMissing(404);
  try {
    const answer = await fetch(url, {headers, signal});
    if (answer.status !== (isRange ? 206 : 200)) throw new PhotoMissing(answer.status);
    return new Blob([await answer.arrayBuffer()], {type});
  } catch (error) {
    if (error.name === "AbortError" || error instanceof PhotoMissing) throw error;
    throw new PhotoMissing(null, {cause: error});
  }
}

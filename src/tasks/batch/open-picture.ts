import { resolve } from "node:path";
import { InputError, VitrailError } from "../../errors.js";
import { decodeBase64 } from "../../io/base64.js";
import { readImageFile } from "../image-input.js";
import type { PictureSource } from "./batch-item.js";

/** How the pictures of a batch are had. */
export interface PictureAccess {
  /** What paths are relative to. */
  folder: string;
  /** Gets the picture behind a URL. Absent: URLs are not fetched. */
  fetchPicture?: (url: string, signal: AbortSignal) => Promise<Uint8Array>;
}

/** The encoded bytes of a picture, or why it has none: one broken picture does not end a batch. @throws `signal.reason` */
export async function openPicture(
  source: PictureSource,
  access: PictureAccess,
  signal: AbortSignal,
): Promise<Uint8Array | VitrailError> {
  try {
    return await bytesOf(source, access, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof VitrailError) return error;
    throw error;
  }
}

async function bytesOf(source: PictureSource, access: PictureAccess, signal: AbortSignal): Promise<Uint8Array> {
  switch (source.kind) {
    case "none":
      throw new InputError("input/listing-row", source.reason);
    case "path":
      return readImageFile(source.value.startsWith("file:") ? source.value : resolve(access.folder, source.value));
    case "base64": {
      const bytes = decodeBase64(source.value);
      if (bytes) return bytes;
      throw new InputError("input/base64", "The picture is not base64: it has other characters, or none.");
    }
    case "url":
      if (access.fetchPicture) return access.fetchPicture(source.value, signal);
      throw new InputError("input/urls-off", "URLs are not fetched unless that is asked for: --urls.");
  }
}

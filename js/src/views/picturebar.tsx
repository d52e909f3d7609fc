// Which picture of an encoding of positions is looked at.
import type { Encoding, Picture } from "../wire/positions";
import { Segments } from "./segments";

export const PICTURES: Record<Picture, string> = {
  value: "Value",
  cos: "Cosine",
  sin: "Sine",
  angle: "Angle",
  bias: "Bias",
};

export interface PictureBarProps {
  encoding: Encoding;
  picture: Picture;
  setPicture(picture: Picture): void;
}

/** A choice of pictures, where there is one. */
export function PictureBar({ encoding: { facts }, picture, setPicture }: PictureBarProps) {
  if (facts.pictures.length < 2) return null;
  return (
    <div class="nbt-tools">
      <Segments
        label="Picture"
        options={facts.pictures.map((name) => [name, PICTURES[name]] as const)}
        chosen={picture}
        onChoose={setPicture}
      />
    </div>
  );
}

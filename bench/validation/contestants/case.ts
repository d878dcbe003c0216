export type Parse = (input: object) => unknown;

export interface Case {
  name: string;
  input: object;
  libraries: Parse;
  service: Parse;
}

/** One email, as plain text and as HTML without images or other assets. */
export interface Email {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** By which reports on this email name it: letters, digits, `-` and `_` alone. */
  readonly tags?: Readonly<Record<string, string>>;
}

/** Sends one email to one person. On return it was accepted for delivery; a repeated call sends it again. */
export type SendEmail = (to: string, email: Email) => Promise<void>;

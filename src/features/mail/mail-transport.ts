import { Injectable, Logger } from '@nestjs/common';
import type { Transporter } from 'nodemailer';
import { Settings } from '../../config/settings.js';

/** A mail in plain text to one person. */
export interface Message {
  /** An address, without a name. */
  to: string;
  subject: string;
  text: string;
}

const LONGEST_MILLISECONDS = 30_000;

/** By SMTP, when `SMTP_URL` is set; printed in development; nowhere in production without it: what is said is private. */
@Injectable()
export class MailTransport {
  private readonly logger = new Logger('Mail');
  private smtp: Promise<Transporter> | undefined;

  constructor(private readonly settings: Settings) {
    if (this.isConfigured) return;
    this.logger.warn('SMTP_URL is not set: mail waits in the outbox, and nobody can reset a password.');
  }

  get isConfigured(): boolean {
    return this.settings.SMTP_URL !== undefined || this.settings.NODE_ENV !== 'production';
  }

  /** @param id by which a receiver may know a repeated delivery */
  async send({ to, subject, text }: Message, id: string): Promise<void> {
    const { SMTP_URL, MAIL_FROM } = this.settings;
    if (!SMTP_URL) return this.logger.log(`Mail to ${to}: ${subject}\n\n${text}`);
    this.smtp ??= this.connect(SMTP_URL);
    const transport = await this.smtp;
    await transport.sendMail({
      from: MAIL_FROM,
      to: { name: '', address: to }, // not a text, in which a comma would begin another address
      subject,
      text,
      messageId: `<${id}@${new URL(this.settings.APP_URL).hostname}>`,
      headers: { 'Auto-Submitted': 'auto-generated' }, // RFC 3834: no out-of-office reply, please
      disableFileAccess: true,
      disableUrlAccess: true,
      signal: AbortSignal.timeout(LONGEST_MILLISECONDS),
    });
  }

  /** Loaded when the first mail is sent: many a service sends none. */
  private async connect(url: string): Promise<Transporter> {
    const { createTransport } = await import('nodemailer');
    // In production a server that offers no TLS gets nothing; `?requireTLS=false` in the URL is for one of the same host.
    return createTransport({ url, requireTLS: this.settings.NODE_ENV === 'production' });
  }
}

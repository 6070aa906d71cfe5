import {
  type ArgumentsHost,
  Catch,
  type ExceptionFilter,
  HttpStatus,
  type HttpException,
  Injectable,
  Optional,
} from '@nestjs/common';
import { type AnyRequest, sessionOf } from '../http/session-of.js';
import { SessionConfigError } from '../session.errors.js';
import { pathOfThisSite } from '../session/path-of-this-site.js';
import { type FormRequest, isPageForm, pageBefore } from './back-to-form.js';
import { thrownErrors } from './thrown-errors.js';

/** What FormErrorsFilter tells the path of a form by: the request of Express, or of Fastify. */
export type FormPath = string | ((request: FormRequest) => unknown);

/**
 * Where FormErrorsFilter sends a visitor to.
 *
 * @example
 * app.useGlobalFilters(new FormErrorsFilter({ form: '/checkout' }));
 */
export interface FormErrorsFilterOptions {
  /**
   * The path of the page that shows the form, or a function that finds it in the request (a hidden field, say). What is no path of
   * this site is passed over. Default: the page that the form was sent from, as the browser says (Referer), or htmx.
   */
  readonly form?: FormPath;
  /** Where none of these is known. Default '/'. */
  readonly fallback?: string;
  /** Answers what is no form of a page, in place of Nest: a filter of your own. */
  readonly otherwise?: ExceptionFilter<HttpException>;
}

/** What Express's response and Fastify's reply have in common. */
interface AnyResponse {
  status(code: number): this;
  header(name: string, value: string): this;
  send(body: unknown): unknown;
}

/** The exceptions that say what is wrong with a form. Any other is left to the other filters of the application. */
// oxlint-disable-next-line typescript/no-extraneous-class -- @Catch takes classes, and asks them by instanceof
class FormErrorsThrown {
  static [Symbol.hasInstance](thrown: unknown): boolean {
    return thrownErrors(thrown) !== null;
  }
}

/**
 * Post, redirect, get: sends whoever has filled a form in wrongly back to its page (303), where templates find what is wrong
 * (`errors('email')`, `hasErrors`) and what he had typed (`old('email')`), and controllers by `flashMessages`. Passwords, and
 * whatever else the option `flash.except` names, are not kept.
 *
 * It takes what Nest's pipes throw: ValidationPipe (class-validator) and StandardSchemaValidationPipe (zod, valibot, ...), and
 * what is thrown as InvalidFormException. With `exceptionFactory: invalidForm` they tell the fields apart whatever the messages
 * say. Who accepts no HTML (`fetch`, an API; htmx does) gets the answer that Nest would give, and so does a request that changes nothing
 * (GET), or has no session that can be written.
 *
 * @example
 * // above a handler, a controller, or for all by app.useGlobalFilters: `@UseFilters(new FormErrorsFilter({ form: '/sign-in' }))`
 */
@Injectable()
@Catch(FormErrorsThrown)
export class FormErrorsFilter implements ExceptionFilter<HttpException> {
  readonly #options: FormErrorsFilterOptions;

  /**
   * @param options where the form is. Default: where the browser says that it came from
   * @throws SessionConfigError where `form` or `fallback` is text, and no path of this site
   */
  constructor(@Optional() options: FormErrorsFilterOptions = {}) {
    assertPath('form', options.form);
    assertPath('fallback', options.fallback);
    this.#options = options;
  }

  /** Called by Nest. Where it is no HTTP request that was refused, the exception goes on as it is. */
  catch(thrown: HttpException, host: ArgumentsHost): void {
    if (host.getType() !== 'http') throw thrown;
    const http = host.switchToHttp();
    const request = http.getRequest<FormRequest & AnyRequest>();
    const session = sessionOf(request);
    const errors = thrownErrors(thrown);
    const isWritable = session?.initiated === true && !session.readonly;
    if (errors === null || !isWritable || !isPageForm(request)) return this.#answer(thrown, host);
    session.flashRefusedForm(errors);
    http
      .getResponse<AnyResponse>()
      .status(HttpStatus.SEE_OTHER)
      .header('Location', this.#pathFor(request))
      .send('');
  }

  #answer(thrown: HttpException, host: ArgumentsHost): void {
    const { otherwise } = this.#options;
    // oxlint-disable-next-line promise/valid-params -- of a filter, not of a promise
    if (otherwise !== undefined) return otherwise.catch(thrown, host);
    const body = thrown.getResponse();
    const statusCode = thrown.getStatus();
    const response = host.switchToHttp().getResponse<AnyResponse>();
    // As Nest's own filter answers.
    response.status(statusCode).send(typeof body === 'object' ? body : { statusCode, message: body });
  }

  #pathFor(request: FormRequest): string {
    const { form, fallback = '/' } = this.#options;
    const path = typeof form === 'function' ? form(request) : form;
    return pathOfThisSite(path) ?? pageBefore(request) ?? pathOfThisSite(fallback) ?? '/';
  }
}

function assertPath(option: string, given: unknown): void {
  if (typeof given !== 'string' || pathOfThisSite(given) !== undefined) return;
  throw new SessionConfigError(
    `FormErrorsFilter got ${JSON.stringify(given)} as '${option}'; it takes the path of a page of this site, such as '/sign-in'.`,
  );
}

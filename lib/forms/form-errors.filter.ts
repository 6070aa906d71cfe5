import {
  type ArgumentsHost,
  Catch,
  type ExceptionFilter,
  HttpStatus,
  type HttpException,
  Injectable,
  Optional,
} from '@nestjs/common';
import { type AnyRequest, sessionOf } from '../http/http-sessions.js';
import { SessionConfigError } from '../session.errors.js';
import { isObject } from '../state/values.js';
import { pathOfThisSite } from '../session/path-of-this-site.js';
import { flashRefusedForm } from '../session/refused-form.js';
import { type FormRequest, isPageForm, pageBefore } from './back-to-form.js';
import { thrownErrors } from './thrown-errors.js';

/**
 * The path of a form for FormErrorsFilter, or a function that gets it from the request of Express or Fastify.
 *
 * @example
 * const form: FormPath = (request) => (request.headers['x-form'] === 'b' ? '/order/b' : '/order');
 */
export type FormPath = string | ((request: FormRequest) => unknown);

/**
 * Options of FormErrorsFilter.
 *
 * @example
 * app.useGlobalFilters(new FormErrorsFilter({ form: '/checkout' }));
 */
export interface FormErrorsFilterOptions {
  /**
   * The path of the page that shows the form, or a function that gets it from the request (from a hidden
   * field, say). Anything but a path of this site is ignored. Default: the page that the form was sent from,
   * according to the browser (Referer) or htmx.
   */
  readonly form?: FormPath;
  /** The path to use if none of these is known. Default '/'. */
  readonly fallback?: string;
  /** A filter of your own that responds instead of Nest if the request is not the form of a page. */
  readonly otherwise?: ExceptionFilter<HttpException>;
}

/** The methods that Express's response and Fastify's reply have in common. */
interface AnyResponse {
  status(code: number): this;
  header(name: string, value: string): this;
  send(body: unknown): unknown;
}

/**
 * Matches exceptions that contain errors of a form. All others are left to the other filters of the
 * application.
 */
// oxlint-disable-next-line typescript/no-extraneous-class -- @Catch takes classes, and asks them by instanceof
class FormErrorsThrown {
  static [Symbol.hasInstance](thrown: unknown): boolean {
    return thrownErrors(thrown) !== null;
  }
}

/**
 * An exception filter for post/redirect/get: if a form is invalid, it redirects the visitor back to the
 * form's page (303). There, templates can show the errors (`errors('email')`, `hasErrors`) and the input
 * (`old('email')`); controllers get both from `flashMessages`. Passwords, and all other fields that the
 * option `flash.except` names, are not kept.
 *
 * The filter handles the exceptions of Nest's ValidationPipe (class-validator) and
 * StandardSchemaValidationPipe (zod, valibot, ...), and InvalidFormException. With
 * `exceptionFactory: invalidForm` the errors are assigned to fields reliably, whatever the messages say.
 * Clients that do not accept HTML (`fetch`, API clients; htmx does accept it) get the response that Nest
 * would send, as do requests with a safe method (GET), or without a session that can be written.
 *
 * @example
 * // above a handler, a controller, or for all by app.useGlobalFilters: `@UseFilters(new FormErrorsFilter({ form: '/sign-in' }))`
 */
@Injectable()
@Catch(FormErrorsThrown)
export class FormErrorsFilter implements ExceptionFilter<HttpException> {
  readonly #options: FormErrorsFilterOptions;

  /**
   * @param options where the form is. Default: the page that the form was sent from
   * @throws SessionConfigError if `form` or `fallback` is no path of this site (nor `form` a function), or the
   * options are no object
   */
  constructor(@Optional() options: FormErrorsFilterOptions = {}) {
    assertObject(options);
    const { form, fallback } = options;
    if (typeof form !== 'function') assertPath('form', form);
    assertPath('fallback', fallback);
    this.#options = options;
  }

  /** Called by Nest. Outside of HTTP requests the exception is thrown again unchanged. */
  catch(thrown: HttpException, host: ArgumentsHost): void {
    if (host.getType() !== 'http') throw thrown;
    const http = host.switchToHttp();
    const request = http.getRequest<FormRequest & AnyRequest>();
    const hosted = sessionOf(request);
    const errors = thrownErrors(thrown);
    const isWritable = hosted?.initiated === true && !hosted.session.readonly;
    if (errors === null || !isWritable || !isPageForm(request)) return this.#answer(thrown, host);
    flashRefusedForm(hosted, errors);
    http
      .getResponse<AnyResponse>()
      .status(HttpStatus.SEE_OTHER)
      .header('Location', this.#pathFor(request))
      .send('');
  }

  #answer(thrown: HttpException, host: ArgumentsHost): void {
    const { otherwise } = this.#options;
    // oxlint-disable-next-line promise/valid-params -- the `catch` of an exception filter, not of a promise
    if (otherwise !== undefined) return otherwise.catch(thrown, host);
    const body = thrown.getResponse();
    const statusCode = thrown.getStatus();
    const response = host.switchToHttp().getResponse<AnyResponse>();
    // The same response as that of Nest's own filter.
    response.status(statusCode).send(typeof body === 'object' ? body : { statusCode, message: body });
  }

  #pathFor(request: FormRequest): string {
    const { form, fallback = '/' } = this.#options;
    const path = typeof form === 'function' ? form(request) : form;
    return pathOfThisSite(path) ?? pageBefore(request) ?? pathOfThisSite(fallback) ?? '/';
  }
}

function assertPath(option: string, given: unknown): void {
  if (given === undefined || pathOfThisSite(given) !== undefined) return;
  const got = typeof given === 'string' ? JSON.stringify(given) : `a value of type ${typeof given}`;
  throw new SessionConfigError(
    `FormErrorsFilter got ${got} as '${option}'; it takes the path of a page of this site, such as '/sign-in'.`,
  );
}

function assertObject(options: unknown): void {
  if (isObject(options)) return;
  throw new SessionConfigError(
    "FormErrorsFilter takes its options as an object, such as { form: '/sign-in' }.",
  );
}

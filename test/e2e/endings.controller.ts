import { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import {
  type ArgumentsHost,
  BadRequestException,
  Body,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  ForbiddenException,
  Get,
  Header,
  HttpCode,
  Injectable,
  type MessageEvent,
  type PipeTransform,
  Post,
  Query,
  Redirect,
  Render,
  Req,
  Res,
  Sse,
  StreamableFile,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import { from, of, throwError } from 'rxjs';
import { Flash, Session } from 'nestjs-session-kit';

/** What the tests need of both platforms' responses; each route below ends one in its own way. */
interface AnyResponse {
  readonly raw?: import('node:http').ServerResponse;
  status(code: number): AnyResponse;
  send(body: unknown): unknown;
  json?(body: unknown): unknown;
  redirect(...args: unknown[]): unknown;
  render?(view: string, data: object): unknown;
  view?(view: string, data: object): unknown;
  hijack?(): unknown;
  header(name: string, value: string): AnyResponse;
}

export const rawOf = (res: AnyResponse): import('node:http').ServerResponse => {
  if (res.raw !== undefined) return res.raw;
  // On Express the response is Node's own with more methods.
  return res as unknown as import('node:http').ServerResponse;
};

/** Emits when the handler that never answers has begun. */
export const neverHandled = new EventEmitter();

/** Marks the session under the name of the route, so that a test can see whether it was stored. */
const mark = (name: string) => Session.put('mark', name).flash('status', name);

@Injectable()
class WritingGuard implements CanActivate {
  canActivate(): boolean {
    mark('guard');
    throw new ForbiddenException();
  }
}

@Injectable()
class WritingPipe implements PipeTransform {
  transform(): never {
    mark('pipe');
    throw new BadRequestException();
  }
}

@Catch(BadRequestException)
class FlashAndRedirect implements ExceptionFilter {
  catch(_error: BadRequestException, host: ArgumentsHost): void {
    mark('filter');
    const res = host.switchToHttp().getResponse<AnyResponse>();
    if (res.raw === undefined) res.redirect(303, '/see');
    else void res.status(303).redirect('/see');
  }
}

@Injectable()
class GuardFromContext implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToHttp().getRequest<{ session: Session }>().session.get('mark') !== 'blocked';
  }
}

@Controller()
@UseGuards(GuardFromContext)
export class EndingsController {
  @Get('see')
  see(@Session() session: Session, @Flash('status') status: string | undefined) {
    return { mark: session.get('mark'), status };
  }

  @Get('value')
  value(@Session() session: Session) {
    session.put('mark', 'value').flash('status', 'value');
    return { ok: true };
  }

  @Get('value-for-head')
  valueForHead(@Session() session: Session) {
    session.put('mark', 'value-for-head').flash('status', 'value-for-head');
    return { ok: true };
  }

  @Get('value-by-facade')
  facade() {
    mark('value-by-facade');
    return { ok: true };
  }

  @Get('promise')
  async promise(@Session() session: Session) {
    await Promise.resolve();
    session.put('mark', 'promise').flash('status', 'promise');
    return { ok: true };
  }

  @Get('observable')
  observable(@Session() session: Session) {
    session.put('mark', 'observable').flash('status', 'observable');
    return from([{ n: 1 }, { n: 2 }]);
  }

  @Get('nothing')
  @HttpCode(204)
  nothing() {
    mark('nothing');
  }

  @Get('redirect')
  @Redirect('/see')
  redirect() {
    mark('redirect');
  }

  @Get('redirect-by-decorated-session')
  @Redirect('/see')
  redirectDecorated(@Session() session: Session) {
    session.put('mark', 'redirect-by-decorated-session').flash('status', 'redirect-by-decorated-session');
  }

  @Get('res-redirect')
  resRedirect(@Res() res: AnyResponse) {
    mark('res-redirect');
    // Nest has set the status of the route already, and Fastify keeps it unless told otherwise.
    if (res.raw === undefined) res.redirect('/see');
    else void res.status(302).redirect('/see');
  }

  @Get('res-json')
  resJson(@Res() res: AnyResponse) {
    mark('res-json');
    if (res.json === undefined) res.send({ ok: true });
    else res.json({ ok: true });
  }

  @Get('res-json-decorated')
  resJsonDecorated(@Session() session: Session, @Res() res: AnyResponse) {
    session.put('mark', 'res-json-decorated').flash('status', 'res-json-decorated');
    if (res.json === undefined) res.send({ ok: true });
    else res.json({ ok: true });
  }

  @Get('res-render')
  resRender(@Res() res: AnyResponse) {
    mark('res-render');
    if (res.render === undefined) return res.view?.('page.ejs', { title: 'page' });
    return res.render('page.ejs', { title: 'page' });
  }

  @Get('render')
  @Render('page.ejs')
  render() {
    mark('render');
    return { title: 'page' };
  }

  @Get('res-end-callback')
  resEnd(@Res() res: AnyResponse) {
    mark('res-end-callback');
    res.hijack?.();
    const raw = rawOf(res);
    raw.setHeader('x-before', '1');
    raw.end('ended', () => {
      raw.emit('test:end-callback');
    });
  }

  @Get('res-late')
  async resLate(@Res() res: AnyResponse) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    mark('res-late');
    res.status(202).send({ ok: true });
  }

  @Get('passthrough')
  passthrough(@Res({ passthrough: true }) res: AnyResponse) {
    res.header('x-mine', '1');
    mark('passthrough');
    return { ok: true };
  }

  @Get('http-exception')
  httpException() {
    mark('http-exception');
    throw new BadRequestException('no');
  }

  @Get('unknown-error')
  unknownError(@Session() session: Session) {
    session.put('mark', 'unknown-error').flash('status', 'unknown-error');
    throw new Error('unexpected');
  }

  @Get('observable-error')
  observableError(@Session() session: Session) {
    session.put('mark', 'observable-error').flash('status', 'observable-error');
    return throwError(() => new BadRequestException());
  }

  @Post('filter')
  @UseFilters(FlashAndRedirect)
  filter(@Body() _body: unknown) {
    throw new BadRequestException();
  }

  @Get('guard')
  @UseGuards(WritingGuard)
  guard() {
    return { never: true };
  }

  @Get('pipe')
  pipe(@Query('q', WritingPipe) _q: string) {
    return { never: true };
  }

  @Get('file')
  file() {
    mark('file');
    return new StreamableFile(Readable.from([Buffer.alloc(70_000, 'a'), Buffer.alloc(70_000, 'b')]));
  }

  @Get('file-with-length')
  fileWithLength() {
    mark('file-with-length');
    return new StreamableFile(Buffer.alloc(100_000, 'c'), { length: 100_000 });
  }

  @Get('chunks')
  async chunks(@Res() res: AnyResponse) {
    res.hijack?.();
    const raw = rawOf(res);
    mark('chunks');
    raw.writeHead(200, { 'Content-Type': 'text/plain' });
    for (let index = 0; index < 20; index += 1) {
      if (!raw.write('x'.repeat(8_000))) {
        await new Promise((resolve) => {
          raw.once('drain', resolve);
        });
      }
    }
    raw.end();
  }

  @Get('all-bytes-before-end')
  allBytes(@Res() res: AnyResponse) {
    res.hijack?.();
    const raw = rawOf(res);
    mark('all-bytes-before-end');
    raw.writeHead(200, { 'Content-Length': '5' });
    raw.write('12345');
    raw.end();
  }

  @Get('flat-headers')
  flat(@Res() res: AnyResponse) {
    res.hijack?.();
    const raw = rawOf(res);
    mark('flat-headers');
    raw.writeHead(200, ['Set-Cookie', 'one=1', 'Set-Cookie', 'two=2', 'X-Flat', 'yes']);
    raw.end('flat');
  }

  @Get('piped')
  piped(@Res() res: AnyResponse) {
    res.hijack?.();
    mark('piped');
    Readable.from([Buffer.alloc(50_000, 'p'), Buffer.alloc(50_000, 'q')]).pipe(rawOf(res));
  }

  @Sse('events')
  events() {
    mark('events');
    return from<MessageEvent[]>([{ data: { n: 1 } }, { data: { n: 2 } }]);
  }

  @Sse('events-decorated')
  eventsDecorated(@Session() session: Session) {
    session.put('mark', 'events-decorated').flash('status', 'events-decorated');
    return of<MessageEvent>({ data: { n: 1 } });
  }

  @Sse('events-throw')
  eventsThrow() {
    mark('events-throw');
    throw new BadRequestException();
  }

  @Get('not-modified')
  @Header('ETag', '"fixed"')
  notModified(@Res() res: AnyResponse) {
    mark('not-modified');
    res.header('ETag', '"fixed"').status(304).send('');
  }

  @Get('own-cookie')
  ownCookie(@Res({ passthrough: true }) res: AnyResponse) {
    mark('own-cookie');
    res.header('Set-Cookie', 'mine=1; Path=/');
    return { ok: true };
  }

  @Get('plugin-cookie')
  pluginCookie(@Res({ passthrough: true }) res: { setCookie?: Function; cookie?: Function }) {
    mark('plugin-cookie');
    if (res.setCookie !== undefined) res.setCookie('mine', '1', { path: '/' });
    else res.cookie?.('mine', '1');
    return { ok: true };
  }

  @Get('head-with-cookie')
  headWithCookie(@Res() res: AnyResponse) {
    res.hijack?.();
    mark('head-with-cookie');
    rawOf(res).writeHead(200, 'Fine', { 'set-cookie': ['mine=1'], vary: 'Accept' });
    rawOf(res).end('x');
  }

  @Get('large')
  large() {
    mark('large');
    return { text: 'compress me '.repeat(5_000) };
  }

  @Get('never')
  never(@Req() _req: unknown) {
    mark('never');
    neverHandled.emit('handling');
    return new Promise(() => undefined);
  }
}

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** A way to the server that can be cut: connections through it break, or nobody gets through for a while. */
final class Cutter implements Closeable {

    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final String host;
    private final int port;
    private volatile boolean open = true;

    Cutter(String server) throws IOException {
        host = server.substring(0, server.indexOf(':'));
        port = Integer.parseInt(server.substring(server.indexOf(':') + 1));
        daemon(this::accept);
    }

    String address() {
        return "127.0.0.1:" + listener.getLocalPort();
    }

    /** Breaks every connection; new ones get through. */
    void cut() {
        sockets.forEach(Cutter::closeQuietly);
        sockets.clear();
    }

    /** Breaks every connection, and every new one at once until {@link #restore}. */
    void block() {
        open = false;
        cut();
    }

    void restore() {
        open = true;
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket inner = listener.accept();
                if (!open) {
                    inner.close();
                    continue;
                }
                Socket outer = new Socket(host, port);
                sockets.add(inner);
                sockets.add(outer);
                daemon(() -> copy(inner, outer));
                daemon(() -> copy(outer, inner));
                if (!open) {
                    cut();
                }
            } catch (IOException e) {
                // Closed, or the server is away: whoever connects tries again.
            }
        }
    }

    private void copy(Socket from, Socket to) {
        try (InputStream in = from.getInputStream(); OutputStream out = to.getOutputStream()) {
            in.transferTo(out);
        } catch (IOException e) {
            // The other direction ends too.
        } finally {
            closeQuietly(from);
            closeQuietly(to);
            sockets.remove(from);
            sockets.remove(to);
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        cut();
    }

    private static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // Closed all the same.
        }
    }

    private static void daemon(Runnable task) {
        Thread thread = new Thread(task);
        thread.setDaemon(true);
        thread.start();
    }
}

package vivarium;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import javax.security.auth.login.AppConfigurationEntry;
import javax.security.auth.login.Configuration;

/**
 * A coordinator in a process of its own, where a published test suite would have started ZooKeeper inside its JVM. The program is
 * named by the system property {@code vivarium.launcher}; it takes a properties file and stays in the foreground.
 *
 * <p>What the test set as system properties for a server in its JVM ({@code zookeeper.*}) goes into the file, under the names that
 * the administrator's guide gives it there.
 */
public final class ServerProcess {

    private static final long READY_TIMEOUT_MS = 30_000;
    private static final String JAAS_FILE = "java.security.auth.login.config";
    /** System properties of a server that do not begin with {@code zookeeper.}. */
    private static final Set<String> OTHER_NAMES = Set.of("jute.maxbuffer", "readonlymode.enabled", JAAS_FILE);
    private static final Set<Process> RUNNING = ConcurrentHashMap.newKeySet();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> RUNNING.forEach(Process::destroyForcibly)));
    }

    private final Process process;
    private final int port;

    private ServerProcess(Process process, int port) {
        this.process = process;
        this.port = port;
    }

    /**
     * Starts one and returns when it serves, or only when it listens: one of several serves when the others are there too.
     * {@code clientPort} 0 is replaced by a free one.
     */
    public static ServerProcess start(Properties properties, boolean waitUntilItServes) throws IOException, InterruptedException {
        Map<String, String> settings = new TreeMap<>();
        for (String name : System.getProperties().stringPropertyNames()) {
            if (name.startsWith("zookeeper.")) {
                settings.put(name.substring("zookeeper.".length()), System.getProperty(name));
            } else if (name.startsWith("znode.container.") || OTHER_NAMES.contains(name)) {
                settings.put(name, System.getProperty(name));
            }
        }
        settings.remove("serverCnxnFactory");
        if (!settings.containsKey(JAAS_FILE)) {
            writeLoginConfiguration(settings);
        }
        properties.forEach((name, value) -> settings.put((String) name, String.valueOf(value)));
        settings.put("admin.enableServer", "false");
        int port = Integer.parseInt(settings.get("clientPort"));
        if (port == 0) {
            port = freePort();
            settings.put("clientPort", String.valueOf(port));
        }

        File directory = new File(settings.get("dataDir"));
        Path file = Files.createTempFile("server", ".properties");
        StringBuilder text = new StringBuilder();
        settings.forEach((name, value) -> text.append(name).append('=').append(value.replace("\\", "\\\\")).append('\n'));
        Files.writeString(file, text);
        File log = File.createTempFile("server", ".log");
        log.deleteOnExit();
        file.toFile().deleteOnExit();
        ProcessBuilder builder = new ProcessBuilder(System.getProperty("vivarium.launcher"), file.toString());
        builder.redirectErrorStream(true).redirectOutput(log);
        builder.environment().put("LOG_DIR", directory.getPath());
        Process process = builder.start();
        RUNNING.add(process);
        process.onExit().thenAccept(RUNNING::remove);
        ServerProcess server = new ServerProcess(process, port);
        long deadline = System.currentTimeMillis() + READY_TIMEOUT_MS;
        while (waitUntilItServes ? !server.serves() : !server.listens()) {
            if (!process.isAlive() || System.currentTimeMillis() > deadline) {
                server.stop();
                throw new IOException("The server at port " + port + " does not serve:\n" + Files.readString(log.toPath()));
            }
            Thread.sleep(20);
        }
        return server;
    }

    public int port() {
        return port;
    }

    public void stop() {
        process.destroy();
        end();
    }

    /** Without a chance to say goodbye. */
    public void kill() {
        process.destroyForcibly();
        end();
    }

    private void end() {
        try {
            if (!process.waitFor(20, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    public void join() throws InterruptedException {
        process.waitFor();
    }

    private boolean listens() {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress("127.0.0.1", port), 1_000);
            return true;
        } catch (IOException e) {
            return false; // Not yet.
        }
    }

    private boolean serves() {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress("127.0.0.1", port), 1_000);
            socket.setSoTimeout(1_000);
            OutputStream out = socket.getOutputStream();
            out.write("srvr".getBytes(StandardCharsets.US_ASCII));
            InputStream in = socket.getInputStream();
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).contains("Mode: ");
        } catch (IOException e) {
            return false; // Not yet.
        }
    }

    /** A login configuration that a test made in memory becomes a file. */
    private static void writeLoginConfiguration(Map<String, String> settings) throws IOException {
        String section = settings.getOrDefault("sasl.serverconfig", "Server");
        AppConfigurationEntry[] entries;
        try {
            entries = Configuration.getConfiguration().getAppConfigurationEntry(section);
        } catch (SecurityException e) {
            return; // None was made.
        }
        if (entries == null) {
            return;
        }
        StringBuilder text = new StringBuilder(section + " {\n");
        for (AppConfigurationEntry entry : entries) {
            text.append(entry.getLoginModuleName()).append(" required\n");
            entry.getOptions().forEach((name, value) -> text.append(name).append("=\"").append(value).append("\"\n"));
            text.append(";\n");
        }
        Path file = Files.createTempFile("jaas", ".conf");
        file.toFile().deleteOnExit();
        Files.writeString(file, text.append("};\n"));
        settings.put(JAAS_FILE, file.toString());
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}

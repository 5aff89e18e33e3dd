// pgjdbc with a client's certificate and no password: the key as PKCS#8 and as PKCS#12.

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.util.Properties;

public class CertificateClient {
    public static void main(String[] arguments) throws Exception {
        Properties pem = common();
        pem.setProperty("sslcert", System.getenv("CERTIFICATE"));
        pem.setProperty("sslkey", System.getenv("KEY_DER"));
        ask(pem);
        Properties store = common();
        store.setProperty("sslkey", System.getenv("KEY_STORE"));
        store.setProperty("sslpassword", "store");
        ask(store);
        System.out.println("done");
    }

    private static Properties common() {
        Properties properties = new Properties();
        properties.setProperty("user", System.getenv("USER_NAME"));
        properties.setProperty("sslmode", "require");
        return properties;
    }

    private static void ask(Properties properties) throws Exception {
        String url =
            "jdbc:postgresql://127.0.0.1:" + System.getenv("PORT") + "/" + System.getenv("DATABASE");
        try (Connection connection = DriverManager.getConnection(url, properties);
            ResultSet rows = connection.createStatement()
                .executeQuery("select id from customers where id = 1")) {
            while (rows.next()) {
                System.out.println(rows.getInt(1));
            }
        }
    }
}
